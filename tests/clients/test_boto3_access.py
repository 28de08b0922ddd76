"""boto3, unmodified, against the server: presigned URLs, forms, who may do what, and what nobody may."""

import hashlib
import io
import os
import urllib.request
import uuid

import botocore.exceptions
import pytest
from boto3_errors import code, refused


def fetch(url, method="GET", body=None, headers=None):
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, method=method, data=body, headers=headers or {})
        ) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned(s3, server, bucket, version):
    s3.put_object(Bucket=bucket, Key="a b+c/ü", Body=b"hello")
    signer = server.boto3(signature_version=version)

    def url(method, **more):
        return signer.generate_presigned_url(method, Params={"Bucket": bucket, "Key": "a b+c/ü", **more}, ExpiresIn=60)

    got = fetch(url("get_object", ResponseContentType="text/x", ResponseContentDisposition='attachment; filename="ü"'))
    assert got[:2] == (200, b"hello") and got[2]["Content-Type"] == "text/x"
    assert fetch(url("head_object"), "HEAD")[0] == 200
    assert fetch(url("put_object", ContentType="text/y"), "PUT", b"new", {"Content-Type": "text/y"})[0] == 200
    assert s3.head_object(Bucket=bucket, Key="a b+c/ü")["ContentType"] == "text/y"
    status_, body, _ = fetch(url("put_object", ContentType="text/y"), "PUT", b"new", {"Content-Type": "text/z"})
    assert status_ == 403 and b"SignatureDoesNotMatch" in body
    status_, body, _ = fetch(
        url("get_object").replace("X-Amz-Expires=60", "X-Amz-Expires=61").replace("Expires=17", "Expires=18")
    )
    assert status_ == 403 and b"SignatureDoesNotMatch" in body
    assert fetch(url("get_object"), "DELETE")[0] == 403
    assert fetch(url("delete_object"), "DELETE")[0] == 204
    status_, body, _ = fetch(url("get_object"))
    assert status_ == 404 and b"<Code>NoSuchKey</Code>" in body and b"<Key>a b+c/\xc3\xbc</Key>" in body
    status_, body, _ = fetch(f"{server.endpoint}/{bucket}/x")
    assert status_ == 403 and b"AccessDenied" in body


def post(url, fields, content, file_name="ü.txt"):
    boundary = uuid.uuid4().hex
    out = io.BytesIO()
    for name, value in fields.items():
        out.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    out.write(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        "Content-Type: text/plain\r\n\r\n".encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return fetch(url, "POST", out.getvalue(), {"Content-Type": f"multipart/form-data; boundary={boundary}"})


@pytest.mark.parametrize("size", [0, 10, 1_500_000])
def test_form(s3, server, bucket, size):
    signer = server.boto3(signature_version="s3v4")
    data = os.urandom(size)
    form = signer.generate_presigned_post(
        bucket,
        "up/${filename}",
        Fields={"success_action_status": "201", "Content-Type": "text/plain", "x-amz-meta-a": "b"},
        Conditions=[
            {"success_action_status": "201"},
            ["starts-with", "$Content-Type", "text/"],
            {"x-amz-meta-a": "b"},
            ["content-length-range", 0, 2_000_000],
        ],
    )
    status_, body, _ = post(form["url"], form["fields"], data)
    assert status_ == 201 and b"<Key>up/\xc3\xbc.txt</Key>" in body
    got = s3.get_object(Bucket=bucket, Key="up/ü.txt")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (data, "text/plain", {"a": "b"})
    assert got["ETag"] == '"%s"' % hashlib.md5(data).hexdigest()


def test_form_refusals(s3, server, bucket):
    signer = server.boto3(signature_version="s3v4")
    form = signer.generate_presigned_post(bucket, "k", Conditions=[["content-length-range", 2, 5]])

    def refusal(fields, content=b"123"):
        status_, body, _ = post(form["url"], fields, content)
        return status_, body.split(b"<Code>")[1].split(b"</Code>")[0]

    assert refusal(form["fields"], b"123456") == (400, b"EntityTooLarge")
    assert refusal(form["fields"], b"1") == (400, b"EntityTooSmall")
    assert refusal({**form["fields"], "key": "other"}) == (403, b"AccessDenied")
    assert refusal({**form["fields"], "acl": "public-read"}) == (403, b"AccessDenied")
    assert refusal({**form["fields"], "x-amz-signature": "0" * 64}) == (403, b"SignatureDoesNotMatch")
    assert refusal({"key": "k"}) == (403, b"AccessDenied")
    expired = signer.generate_presigned_post(bucket, "k", ExpiresIn=-10)
    assert refusal(expired["fields"]) == (403, b"AccessDenied")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert post(form["url"], form["fields"], b"123")[0] == 204


def test_acl_and_anonymous(s3, server, bucket):
    s3.put_object(Bucket=bucket, Key="open", Body=b"1", ACL="public-read")
    s3.put_object(Bucket=bucket, Key="closed", Body=b"2")
    assert fetch(f"{server.endpoint}/{bucket}/open")[:2] == (200, b"1")
    assert fetch(f"{server.endpoint}/{bucket}/closed")[0] == 403
    assert fetch(f"{server.endpoint}/{bucket}/missing")[0] == 403
    assert fetch(f"{server.endpoint}/{bucket}?list-type=2")[0] == 403
    assert fetch(f"{server.endpoint}/{bucket}/open", "PUT", b"x")[0] == 403
    grants = s3.get_object_acl(Bucket=bucket, Key="open")["Grants"]
    assert {"URI": "http://acs.amazonaws.com/groups/global/AllUsers", "Type": "Group"} in [g["Grantee"] for g in grants]
    s3.put_object_acl(Bucket=bucket, Key="closed", ACL="public-read")
    assert fetch(f"{server.endpoint}/{bucket}/closed?v=4.7")[:2] == (200, b"2")
    s3.put_object_acl(Bucket=bucket, Key="closed", ACL="private")
    assert fetch(f"{server.endpoint}/{bucket}/closed")[0] == 403
    s3.create_bucket(Bucket="public")
    s3.put_object(Bucket="public", Key="x", Body=b"3")
    assert fetch(f"{server.endpoint}/public/x")[:2] == (200, b"3")
    assert fetch(f"{server.endpoint}/public/none")[0] == 404


def test_grants(s3, server, bucket):
    everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    full = {"Grantee": {"ID": owner, "DisplayName": "orlop", "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    read = {"Grantee": {"URI": everybody, "Type": "Group"}, "Permission": "READ"}
    foreign = {"Grantee": {"ID": "f" * 64, "Type": "CanonicalUser"}, "Permission": "WRITE_ACP"}
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", GrantRead=f'uri="{everybody}"', GrantFullControl=f"id={owner}")
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Grants"] == [read, full]
    assert fetch(f"{server.endpoint}/{bucket}/k")[:2] == (200, b"1")
    policy = {"Owner": {"ID": owner}, "Grants": [full, foreign]}
    s3.put_object_acl(Bucket=bucket, Key="k", AccessControlPolicy=policy)
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Grants"] == [full, foreign]
    assert fetch(f"{server.endpoint}/{bucket}/k")[0] == 403
    by_email = {
        "Grantee": {"EmailAddress": "owner@orlop.example", "Type": "AmazonCustomerByEmail"},
        "Permission": "READ",
    }
    s3.put_object_acl(Bucket=bucket, Key="k", AccessControlPolicy={**policy, "Grants": [by_email]})
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Grants"] == [{**full, "Permission": "READ"}]
    unknown = {"EmailAddress": "nobody@orlop.example", "Type": "AmazonCustomerByEmail"}
    for wrong, expected in (
        ({**policy, "Owner": {"ID": "f" * 64}}, "AccessDenied"),
        ({**policy, "Grants": [{**full, "Permission": "NOTHING"}]}, "MalformedACLError"),
        (
            {**policy, "Grants": [{**read, "Grantee": {"URI": "http://example.com/", "Type": "Group"}}]},
            "InvalidArgument",
        ),
        ({**policy, "Grants": [{**read, "Grantee": unknown}]}, "UnresolvableGrantByEmailAddress"),
        ({**policy, "Grants": [full] * 101}, "MalformedACLError"),
    ):
        assert refused(s3.put_object_acl, Bucket=bucket, Key="k", AccessControlPolicy=wrong)[0] == expected
    both = {"ACL": "public-read", "GrantRead": f"id={owner}"}
    assert refused(s3.put_object, Bucket=bucket, Key="x", Body=b"", **both) == ("InvalidRequest", 400)


def test_bucket_acl_and_tags(s3, server, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert fetch(f"{server.endpoint}/{bucket}?list-type=2")[0] == 200
    assert fetch(f"{server.endpoint}/{bucket}", "HEAD")[0] == 200
    assert fetch(f"{server.endpoint}/{bucket}/k")[0] == 403
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    assert fetch(f"{server.endpoint}/{bucket}?list-type=2")[0] == 403
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    tags = [{"Key": f"k{number}", "Value": "v \u00e9"} for number in range(50)]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert sorted(s3.get_bucket_tagging(Bucket=bucket)["TagSet"], key=str) == sorted(tags, key=str)
    more = {"TagSet": [*tags, {"Key": "one", "Value": "more"}]}
    assert refused(s3.put_bucket_tagging, Bucket=bucket, Tagging=more) == ("InvalidTag", 400)
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)  # what is kept of it goes with it
    s3.create_bucket(Bucket=bucket, ACL="log-delivery-write")
    assert [grant["Permission"] for grant in s3.get_bucket_acl(Bucket=bucket)["Grants"]] == [
        "FULL_CONTROL",
        "WRITE",
        "READ_ACP",
    ]
    configuration = {"Status": "Enabled"}
    assert refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=configuration) == (
        "NotImplemented",
        501,
    )


def test_who_is_refused(s3, server, bucket):
    assert refused(server.boto3(secret="wrong").list_buckets) == ("SignatureDoesNotMatch", 403)
    assert refused(server.boto3(key="unknown").list_buckets) == ("InvalidAccessKeyId", 403)
    assert refused(server.boto3(token="unasked").list_buckets) == ("InvalidToken", 400)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        server.boto3(region="eu-west-1").list_buckets()
    assert code(error) == "AuthorizationHeaderMalformed"
    assert error.value.response["Error"]["Region"] == "us-east-1"
    assert server.boto3(region="eu-west-1").list_objects_v2(Bucket=bucket)["KeyCount"] == 0  # boto3 corrects itself


def test_what_is_not_there(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for call in (
        s3.delete_public_access_block,
        s3.delete_bucket_cors,
        s3.delete_bucket_policy,
        s3.delete_bucket_lifecycle,
        s3.get_bucket_policy,
        s3.get_bucket_cors,
        s3.list_object_versions,
    ):
        assert refused(call, Bucket=bucket) == ("NotImplemented", 501)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y", ServerSideEncryption="AES256") == (
        "NotImplemented",
        501,
    )
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y", WriteOffsetBytes=1) == ("NotImplemented", 501)
    assert refused(s3.rename_object, Bucket=bucket, Key="k", RenameSource="z") == ("NotImplemented", 501)
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="abc") == ("NoSuchVersion", 404)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert refused(s3.put_object, Bucket=bucket, Key=".orlop.serve/x", Body=b"") == ("AccessDenied", 403)


def test_signature_version_2_in_headers(server, s3, bucket):
    old = server.boto3(signature_version="s3", request_checksum_calculation="when_required")
    old.put_object(Bucket=bucket, Key="a b", Body=b"x", Metadata={"a": "b"})
    assert old.get_object(Bucket=bucket, Key="a b")["Metadata"] == {"a": "b"}
    assert old.get_object_tagging(Bucket=bucket, Key="a b")["TagSet"] == []
    assert old.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    wrong = server.boto3(signature_version="s3", secret="wrong", request_checksum_calculation="when_required")
    assert refused(wrong.get_object, Bucket=bucket, Key="a b") == ("SignatureDoesNotMatch", 403)


def test_virtual_hosts(server, bucket, s3):
    import http.client

    s3.put_object(Bucket=bucket, Key="dir/k", Body=b"x", ACL="public-read")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for host in (f"{bucket}.localhost:{server.port}", f"{bucket}.s3.localhost"):
        connection.request("GET", "/dir/k", headers={"Host": host})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"x")


def test_session_token(start_server):
    server = start_server(AWS_SESSION_TOKEN="a-token")
    assert server.boto3(token="a-token").list_buckets()["Buckets"] == []
    assert refused(server.boto3(token="another").list_buckets) == ("InvalidToken", 400)
    with pytest.raises(botocore.exceptions.ClientError):
        server.boto3().list_buckets()
