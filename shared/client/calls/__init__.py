"""The calls of the HTTP interface, one function for each, in one module for each matter.

`shared/client/clients.py` turns each function into a method of both clients. The method takes the
same arguments and returns the answer that the Call names.
"""
