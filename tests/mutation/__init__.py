"""Small faults, one at a time, in the code that must not have any; which of them do the tests find?"""
