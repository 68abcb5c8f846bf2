"""Attacks on a running service, each as a test: what callers who mean harm send, and what they get.

A test names the attack, sends what an attacker would send over a real connection where that
matters, and checks that others are still served.
"""
