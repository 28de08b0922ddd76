"""Signed URLs of a custom domain."""

import datetime
import hashlib

from parity.harness import frozen, outcome, scenario

KEY_ID = "K2JCJMDEHXQW5F"


def url(site, name="file.txt", call=None, **options):
    given = {"cloudfront_key_id": KEY_ID, "cloudfront_key": site.server["pem"], "custom_domain": "mock.cloudfront.net"}
    return site.url(name, call=call, **{**given, **options})


@scenario(each=["pem", "pkcs8"])
def forms_of_the_key(site, form):
    key = site.server[form]
    kinds = (key, key.encode(), bytearray(key.encode()))
    return [url(site, cloudfront_key=one) for one in kinds]


@scenario(each=["a b.txt", "é/ü.txt", 'x"y.txt', "a&b=c?d#e.txt"])
def names(site, name):
    return url(site, name), url(site, name, location="loc"), url(site, name, querystring_auth=False)


@scenario(each={"expire": {"expire": 7}, "0": {"expire": 0}, "query": {"parameters": {"a": "b c", "e": "é"}}})
def calls(site, call):
    return url(site, call=call), url(site, call=call, querystring_expire=99)


@scenario
def by_settings(site):
    with site.settings(AWS_CLOUDFRONT_KEY_ID=KEY_ID, AWS_CLOUDFRONT_KEY=site.server["pem"]):
        signed = site.url("f", custom_domain="cdn.example.com")
        off = site.url("f", custom_domain="cdn.example.com", cloudfront_signer=None)
        attribute = site.url("f", custom_domain="cdn.example.com", kind=site.kind(cloudfront_signer=None))
        no_domain = site.url("f", region_name="eu-central-1")
    return signed, off, attribute, no_domain


@scenario
def botocores_signer(site):
    from botocore.signers import CloudFrontSigner

    signer = CloudFrontSigner(KEY_ID, lambda message: hashlib.sha512(message).digest())
    storage = site.kind()(cloudfront_signer=signer)
    return site.url("f", custom_domain="cdn.example.com", cloudfront_signer=signer), storage.cloudfront_signer is signer


@scenario
def a_signer_of_ones_own(site):
    class Signer:
        def generate_presigned_url(self, url, date_less_than):
            return f"{url}#{date_less_than.isoformat()}"

    return site.url("f", custom_domain="cdn.example.com", cloudfront_signer=Signer(), call={"expire": 1})


@scenario
def signers_are_shared(site):
    def signer(**options):
        return site.kind()(
            **{"cloudfront_key_id": KEY_ID, "cloudfront_key": site.server["pem"], **options}
        ).cloudfront_signer

    return signer() is signer(), signer() is signer(cloudfront_key_id="other")


@scenario
def the_signer_itself(site):
    signer = site.kind()(cloudfront_key_id=KEY_ID, cloudfront_key=site.server["pem"]).cloudfront_signer
    until = datetime.datetime(2030, 1, 2, 3, 4, 5)
    since = datetime.datetime(2029, 1, 2, 3, 4, 5)
    policy = signer.build_policy("http*://x/*", until, since, "10.0.0.1")
    with frozen():
        return {
            "key_id": signer.key_id,
            "url": signer.generate_presigned_url("https://x/y", until),
            "named": signer.generate_presigned_url("https://x/y?a=b", date_less_than=until),
            "policy": policy,
            "short policy": signer.build_policy("https://x/y", until),
            "network": signer.build_policy("https://x/y", until, ip_address="10.0.0.0/8"),
            "by policy": signer.generate_presigned_url("https://x/y", policy=policy),
            "neither": outcome(signer.generate_presigned_url, "https://x/y"),
            "both": outcome(signer.generate_presigned_url, "https://x/y", until, policy),
            "rsa_signer": signer.rsa_signer(b"message"),
        }


@scenario(differs="an invalid `cloudfront_key`")
def a_key_that_is_none(site):
    return outcome(site.kind(), cloudfront_key_id="i", cloudfront_key="not a key")
