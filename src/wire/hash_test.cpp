#include "wire/hash.h"

#include <gtest/gtest.h>

#include <thread>

#include "wire/checksum.h"
#include "wire/encoding.h"

namespace orlop::wire {
namespace {

TEST(Hash, KnownDigests) {  // FIPS 180-4 examples, RFC 1321 section A.5
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash(HashAlgorithm::sha1, as_bytes("abc")).hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(md5(as_bytes("message digest")).hex(), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(md5({}).base64(), "1B2M2Y8AsgTpgAmY7PhCfg==");
}

TEST(Hash, PiecesGiveTheSameAsTheWhole) {
  Hash pieces(HashAlgorithm::sha256);
  pieces.update("a").update("").update("bc");
  EXPECT_EQ(pieces.finish(), sha256("abc"));
}

TEST(Hmac, Rfc4231Vectors) {
  EXPECT_EQ(HmacSha256(std::string(20, '\x0B')).sign("Hi There").hex(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HmacSha256("Jefe").sign("what do ya want for nothing?").hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(HmacSha256(std::string(131, '\xAA')).sign("Test Using Larger Than Block-Size Key - Hash Key First").hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, Rfc2202Sha1) {
  EXPECT_EQ(hmac_sha1("Jefe", "what do ya want for nothing?").hex(), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Hmac, OneKeySignsFromManyThreads) {
  const HmacSha256 hmac("Jefe");
  const Digest expected = hmac.sign("message");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 1000; ++round) ASSERT_EQ(hmac.sign("message"), expected);
    });
}

TEST(Hash, ComparesInConstantTime) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
}

TEST(Checksummer, BytesAreBigEndian) {
  const auto hex = [](ChecksumAlgorithm algorithm) {
    return encode_hex(as_bytes(checksum(algorithm, as_bytes("123456789")).bytes));
  };
  EXPECT_EQ(hex(ChecksumAlgorithm::crc32), "cbf43926");
  EXPECT_EQ(hex(ChecksumAlgorithm::crc32c), "e3069283");
  EXPECT_EQ(hex(ChecksumAlgorithm::crc64nvme), "ae8b14860a799888");
  EXPECT_EQ(hex(ChecksumAlgorithm::md5), "25f9e794323b453885f5181f1b624d0b");
  EXPECT_EQ(hex(ChecksumAlgorithm::sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  EXPECT_EQ(hex(ChecksumAlgorithm::sha256), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(hex(ChecksumAlgorithm::none), "");
}

}  // namespace
}  // namespace orlop::wire
