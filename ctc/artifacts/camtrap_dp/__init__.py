"""Packages of Camtrap DP, the standard for camera trap data: https://camtrap-dp.tdwg.org"""
