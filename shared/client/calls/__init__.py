"""The calls of the HTTP interface, one function for each, in one module for each matter.

`sync_client.py` and `async_client.py` turn each function into a method of their client. The method
takes the same arguments and returns the answer that the Call names.
"""
