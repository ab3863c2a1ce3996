"""Built-in plugins, found by entry point like those of any other package.

The folder is called `plugins`, so that the repository shows what it holds, and is installed as the
package `ctc_plugins` (setup.cfg, `package_dir`): a top-level package called `plugins` would clash
with those of other projects. Import it as `ctc_plugins`, also in tests and in a checkout.
"""
