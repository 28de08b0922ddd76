#include "orlop/cloudfront.h"

#include <gtest/gtest.h>

namespace orlop::cloudfront {
namespace {

// A throw-away key; the expected signatures were made with `openssl dgst -sha1 -sign`.
constexpr std::string_view pem = R"(-----BEGIN RSA PRIVATE KEY-----
MIICWwIBAAKBgQC+eLYptG/mb0LT7mhbBZvI7vEdm7Y87Lry7xPwYxhccU9FovHE
XsfFpvkEDQ+0Fl0A36LLbuU/Yi9DXlQCPxzs4Tn5UZE2VqI9J8j8zhv+P9YSyhAO
zT+fm0OS0FJzzfyuLGrZ+2Wq83BisOmM/GCt9U6zNca+ysciFsuaDtGiCwIDAQAB
AoGAUpSHdiFy+pd2g+gzenM+Dan7A/lE07lXfIhHPsvX/gxqcCirZZYqSvmPsT/w
dQXVINHVBRp5bjelgjHdfnPal+GTk89SNy3rY4+Q36vhUhOmlmd6WynUvA9Y/Hgr
UsbYTtPzLN0MXfIKynIIje533oS5jnqAGcgGih+jzz4NRvECQQDmANjPG40s1e83
M9wN+f9KPI5Nsvd0cvP3prgjOd+v+YtlD2DNnwDEolKNFfvqDHtDJoUKInn1c46e
pdKLIVP3AkEA1AAC6fGzeBY0y1UvMfg+4g+PthKTXzccgty79fxjTS1NznT2m+q2
YNHg9UFuOymS0s6mUpN9ifLrVGp6m/31jQJAWnYaz9pWPDwoSd3rvtOExP3sOkMZ
cIOF0PGRmsk4YU4UtTrHKBhRhQUS0srCudsO3+pWiRXmQdOhVGSD2pTRIQJAc2Oa
MmmLLKaxj6bK7GDZIUQlDY3oxt+BVjz81XPNPNmWyvPgspa7M9GopvU5IVyMfM9b
ugBrSSV+L1FRcQx2lQJAAeULHs/8Zz1YEU4ceBVYAsCEAdVBqyNsK1ss60t/USTK
B1vtK/TLrK0J2+/bE4Yzf44FqbXecw3C0LNvGIA94w==
-----END RSA PRIVATE KEY-----)";

TEST(CloudFront, SignsTheCannedPolicy) {
  auto signer = Signer::create("test-key", pem);
  ASSERT_TRUE(signer);
  EXPECT_EQ(signer->sign("https://mock.cloudfront.net/file.txt", 3600).value(),
            "https://mock.cloudfront.net/file.txt?Expires=3600&Signature="
            "Jem0d-GiBaPMo~3HqkPKBRBjjB-w3iwcTZVEe8IBXfTAkemRLLTGCqkXR039YDaqUCj~z3yBOnFsJE-"
            "R4qtuJIOjMsFEEsB47r62aHf8oNdVjSAb5nA0I9pNMl5yzXJhlXwt0owCLZWmM4-7es9OA9P2to9IaXFLvTH~yszpo1o_&Key-Pair-Id="
            "test-key");
}

TEST(CloudFront, JoinsAQueryThatIsThere) {
  auto signer = Signer::create("k", pem);
  ASSERT_TRUE(signer);
  EXPECT_EQ(signer->sign("https://a/b?c=d", 1).value().substr(0, 28), "https://a/b?c=d&Expires=1&Si");
}

TEST(CloudFront, WritesThePolicyOfTheManual) {
  EXPECT_EQ(canned_policy("https://mock.cloudfront.net/file.txt", 3600),
            R"({"Statement":[{"Resource":"https://mock.cloudfront.net/file.txt",)"
            R"("Condition":{"DateLessThan":{"AWS:EpochTime":3600}}}]})");
}

TEST(CloudFront, RefusesWhatIsNoKeyWithoutShowingIt) {
  auto signer = Signer::create("k", "-----BEGIN SECRET-----");
  ASSERT_FALSE(signer);
  EXPECT_EQ(signer.error().code(), Code::config_invalid);
  EXPECT_EQ(signer.error().to_string().find("SECRET"), std::string::npos);
}

TEST(CloudFront, RefusesAUrlThatWouldChangeThePolicy) {
  auto signer = Signer::create("k", pem);
  ASSERT_TRUE(signer);
  EXPECT_EQ(signer->sign(R"(https://a/"}],"x":[{")", 1).error().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace orlop::cloudfront
