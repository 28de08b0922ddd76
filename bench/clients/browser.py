"""The browser of a direct upload: sends what an answer of the site says, and gives the receipt back. One line each.

Arguments: how many bytes a file has.
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

content = bytes(int(sys.argv[1]))
connection = None
for line in sys.stdin:
    begun = json.loads(line)
    request = begun["request"]
    address = urlsplit(request["url"])
    connection = connection or http.client.HTTPConnection(address.netloc)
    connection.request(request["method"], f"{address.path}?{address.query}", content, request["headers"])
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    print(begun["receipt"], flush=True)
