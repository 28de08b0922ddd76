#include "wire/sigv4.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace orlop::wire {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string member(const std::string& json, const std::string& name) {
  std::smatch match;
  std::regex pattern("\"" + name + "\":\\s*\"?([^\",\\s]*)");
  return std::regex_search(json, match, pattern) ? match[1].str() : std::string{};
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// What every service but S3 does to a path before it is signed.
std::string normalized(const std::string& path) {
  std::vector<std::string> kept;
  std::stringstream stream(path);
  for (std::string segment; std::getline(stream, segment, '/');) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string result;
  for (const auto& segment : kept) result += '/' + segment;
  return result.empty() || (path.back() == '/') ? result + '/' : result;
}

std::string encoded_path(const std::string& path) {
  std::string result;
  for (unsigned char c : path) {
    char escape[4];
    bool plain = std::isalnum(c) || std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos;
    std::snprintf(escape, sizeof escape, "%%%02X", c);
    result += plain ? std::string(1, static_cast<char>(c)) : escape;
  }
  return result;
}

std::string decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

struct Case {
  std::string method, path, query, payload_hash{empty_sha256};
  std::vector<Field> headers;
  std::string access, secret, token, region, service, date;
  bool sign_body = false;
};

void add_header(Case& request, const std::string& name, const std::string& value) {
  auto same = std::ranges::find(request.headers, name, &Field::first);
  if (same == request.headers.end()) {
    request.headers.emplace_back(name, canonical_header_value(value));
  } else {
    same->second += ',' + canonical_header_value(value);
  }
}

Case load(const fs::path& directory) {
  Case result;
  std::string context = slurp(directory / "context.json");
  result.access = member(context, "access_key_id");
  result.secret = member(context, "secret_access_key");
  if (member(context, "omit_session_token") != "true") result.token = member(context, "token");
  result.region = member(context, "region");
  result.service = member(context, "service");
  result.sign_body = member(context, "sign_body") == "true";
  for (char c : member(context, "timestamp")) {
    if (c != '-' && c != ':') result.date += c;
  }
  std::stringstream lines(slurp(directory / "request.txt"));
  std::string line;
  std::getline(lines, line);
  line.resize(line.rfind(" HTTP/1.1"));
  result.method = line.substr(0, line.find(' '));
  std::string target = line.substr(line.find(' ') + 1);
  std::size_t mark = target.find('?');
  std::string path = target.substr(0, mark);
  result.query = mark == std::string::npos ? "" : target.substr(mark + 1);
  result.path = encoded_path(member(context, "normalize") == "true" ? normalized(path) : path);
  while (std::getline(lines, line) && !line.empty()) {
    if (line[0] == ' ') {  // a folded header
      result.headers.back().second += ' ' + canonical_header_value(line);
      continue;
    }
    std::size_t colon = line.find(':');
    add_header(result, lower(line.substr(0, colon)), line.substr(colon + 1));
  }
  return result;
}

std::string payload_hash_of(const fs::path& canonical) {
  std::string text = slurp(canonical);
  return text.substr(text.rfind('\n') + 1);
}

class Vectors : public testing::TestWithParam<fs::path> {};

TEST_P(Vectors, SignsHeaders) {
  Case request = load(GetParam());
  request.payload_hash = payload_hash_of(GetParam() / "header-canonical-request.txt");
  request.headers.emplace_back("x-amz-date", request.date);
  if (request.sign_body) request.headers.emplace_back("x-amz-content-sha256", request.payload_hash);
  if (!request.token.empty()) request.headers.emplace_back("x-amz-security-token", request.token);
  std::ranges::sort(request.headers, {}, &Field::first);

  std::string query = canonical_query(request.query);
  CanonicalRequest canonical{request.method, request.path, query, request.headers, request.payload_hash};
  EXPECT_EQ(canonical.to_string(), slurp(GetParam() / "header-canonical-request.txt"));
  SigningKey key(request.secret, {request.date.substr(0, 8), request.region, request.service});
  EXPECT_EQ(string_to_sign(request.date, key.scope_text(), canonical.to_string()),
            slurp(GetParam() / "header-string-to-sign.txt"));
  std::string value = authorization(key, request.access, request.date, canonical);
  EXPECT_NE(slurp(GetParam() / "header-signed-request.txt").find("Authorization:" + value), std::string::npos);

  auto parsed = parse_authorization(value);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->access_key_id, request.access);
  EXPECT_EQ(parsed->scope, key.scope());
  EXPECT_EQ(parsed->signature, slurp(GetParam() / "header-signature.txt"));
  ASSERT_EQ(parsed->signed_headers.size(), request.headers.size());
}

TEST_P(Vectors, SignsQueries) {
  Case request = load(GetParam());
  request.payload_hash = payload_hash_of(GetParam() / "query-canonical-request.txt");
  std::ranges::sort(request.headers, {}, &Field::first);
  std::string context = slurp(GetParam() / "context.json");

  SigningKey key(request.secret, {request.date.substr(0, 8), request.region, request.service});
  PresignInput input{.method = request.method,
                     .path = request.path,
                     .parameters = {},
                     .headers = request.headers,
                     .access_key_id = request.access,
                     .session_token = request.token,
                     .date = request.date,
                     .expires = std::stoull(member(context, "expiration_in_seconds")),
                     .payload_hash = request.payload_hash};
  std::vector<Field> parameters;
  std::stringstream members(request.query);
  for (std::string one; std::getline(members, one, '&');) {
    std::size_t equals = one.find('=');
    parameters.emplace_back(decoded(one.substr(0, equals)),
                            equals == std::string::npos ? "" : decoded(one.substr(equals + 1)));
  }
  input.parameters = parameters;
  std::string query = presigned_query(key, input);
  CanonicalRequest canonical{request.method, request.path, {}, request.headers, request.payload_hash};
  std::string sorted = canonical_query(query, "X-Amz-Signature");
  canonical.query = sorted;
  EXPECT_EQ(canonical.to_string(), slurp(GetParam() / "query-canonical-request.txt"));
  EXPECT_EQ(query.substr(query.rfind('=') + 1), slurp(GetParam() / "query-signature.txt"));
}

std::vector<fs::path> directories() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(ORLOP_VECTORS "/sigv4")) {
    if (entry.is_directory()) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.filename();
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(SigV4, Vectors, testing::ValuesIn(directories()), test_name);

TEST(SigV4, TheWholeSuiteIsThere) { EXPECT_EQ(directories().size(), 38U); }

TEST(SigV4, DatesRoundTrip) {
  auto time = parse_amz_date("20240229T235958Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(amz_date(*time), "20240229T235958Z");
  EXPECT_FALSE(parse_amz_date("20230229T000000Z"));
  EXPECT_FALSE(parse_amz_date("2024-02-29T00:00Z"));
  EXPECT_FALSE(parse_amz_date("20240229T2x0000Z"));
  EXPECT_FALSE(parse_amz_date("20240229T235960Z"));
}

TEST(SigV4, RefusesMalformedAuthorization) {
  std::string good =
      "AWS4-HMAC-SHA256 Credential=A/B/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=" +
      std::string(64, 'a');
  ASSERT_TRUE(parse_authorization(good));
  EXPECT_EQ(parse_authorization(good)->access_key_id, "A/B");
  EXPECT_FALSE(parse_authorization(""));
  EXPECT_FALSE(parse_authorization("AWS AKID:sig"));
  EXPECT_FALSE(parse_authorization(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(
      parse_authorization("AWS4-HMAC-SHA256 Credential=/20130524/us-east-1/s3/aws4_request, SignedHeaders=host"));
}

// The example of the S3 documentation, with the signatures of its trailer variant.
TEST(SigV4, SignsChunks) {
  std::vector<Field> headers = {{"content-encoding", "aws-chunked"},
                                {"content-length", "66824"},
                                {"host", "s3.amazonaws.com"},
                                {"x-amz-content-sha256", std::string(streaming_signed)},
                                {"x-amz-date", "20130524T000000Z"},
                                {"x-amz-decoded-content-length", "66560"},
                                {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  SigningKeys keys;
  auto key = keys.get("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1");
  CanonicalRequest request{"PUT", "/examplebucket/chunkObject.txt", "", headers, streaming_signed};
  std::string value = authorization(*key, "AKIAIOSFODNN7EXAMPLE", "20130524T000000Z", request);
  std::string seed = value.substr(value.rfind('=') + 1);
  EXPECT_EQ(seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");

  ChunkSigner signer(key, "20130524T000000Z", seed);
  EXPECT_EQ(signer.chunk(as_bytes(std::string(65536, 'a'))),
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
  EXPECT_EQ(signer.chunk(as_bytes(std::string(1024, 'a'))),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
  EXPECT_EQ(signer.chunk(Bytes{}), "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
  EXPECT_EQ(signer.trailer("first:1st\nsecond:2nd\nthird:3rd\n"),
            "df5735bd9f3295cd9386572292562fefc93ba94e80a0a1ddcbd652c4e0a75e6c");
}

TEST(SigV4, KeysAreRememberedPerSecretDayAndRegion) {
  SigningKeys keys;
  auto first = keys.get("secret", "20240305", "us-east-1");
  EXPECT_EQ(keys.get("secret", "20240305", "us-east-1"), first);
  EXPECT_NE(keys.get("secret", "20240306", "us-east-1"), first);
  EXPECT_NE(keys.get("secret", "20240305", "eu-west-1"), first);
  EXPECT_NE(keys.get("Secret", "20240305", "us-east-1"), first);
}

struct Url {
  std::string_view region, host, path, token;
  std::uint64_t expires;
  std::string_view method, signature;
};

// URLs as botocore signs them.
TEST(SigV4, PresignsAsBotocoreDoes) {
  constexpr std::string_view path = "/dir/a%20b%2Bc~%C3%A9.txt";
  constexpr std::string_view in_path = "/test-bucket/dir/a%20b%2Bc~%C3%A9.txt";
  constexpr std::string_view global = "test-bucket.s3.amazonaws.com";
  const Url urls[] = {
      {"us-east-1", global, path, "", 3600, "GET", "44ba659633335248e9518f076b199284a2fb649aa55c416192525e8d172813e5"},
      {"us-east-2", global, path, "", 3600, "GET", "5e46d57fa9695ab091d5d51e027e826183a2e81c130aa8420aa7c5466f7d9d0c"},
      {"eu-central-1", global, path, "", 3600, "GET",
       "5f2e7abc2d62ccdddd087d34d970f17a36929f23390eab6af7c02ced8a3a7ee5"},
      {"eu-central-1", global, path, "TOK/EN+==", 3600, "GET",
       "c46f7d2f215db556e82c7868291493a710a437b6ddd49fcaaeab8caf9e39e24d"},
      {"eu-central-1", "s3.eu-central-1.amazonaws.com", in_path, "", 3600, "GET",
       "da9c3b22204a73dd9de3689d632144155e7034196caba7ce4c54d29c226b9886"},
      {"us-west-2", "test-bucket.s3.us-west-2.amazonaws.com", path, "", 3600, "GET",
       "0c9b42282f63eab82733c7e52c1ada31f498a1a9e7d397bcf792123e624f031b"},
      {"eu-central-1", global, "/media/dir/a%20b%2Bc~%C3%A9.txt", "", 3600, "GET",
       "3cdf8332c0f4abc3ddaad5fd1dd017a4f8375fb26f664747d387acee335f5a82"},
      {"us-east-1", "localhost:9000", in_path, "", 3600, "GET",
       "a4652d6076ae094be5628420673473d812a19f0fb1b36e046ea218d1c7b721b4"},
      {"us-east-1", "test-bucket.localhost:9000", path, "", 3600, "GET",
       "0690e76c5019e6760b9761a6039c550d9c581100517a2f896474f1439440037b"},
      {"auto", "acc.r2.cloudflarestorage.com", in_path, "", 3600, "GET",
       "c0e0705b62edf5585ac5b8679b7a7c6b632d47b7760890ccb2c26286c5343b37"},
      {"us-east-1", "s3.amazonaws.com", "/a.b.c/dir/a%20b%2Bc~%C3%A9.txt", "", 3600, "GET",
       "d2e70bed7fa9e9099b9d23e7df922d7dab89bd798421166dc5e8ad3839ffc312"},
      {"us-east-1", "s3.amazonaws.com", "/UpperB/dir/a%20b%2Bc~%C3%A9.txt", "", 3600, "GET",
       "4634af268fbe44216c77ab7b649ca3ecf850ad1aa5e1febe7ad4b801fe58eb54"},
      {"eu-central-1", global, "/f.txt", "", 60, "GET",
       "99c64fb8a844d6a5982f54d0a5c4dc480d5b188e36ed32bc57b37a06f18caba9"},
      {"eu-central-1", global, "/f.txt", "", 0, "GET",
       "9b3a980cb98f15a60d3c3e494be711af860a8e38bfcc41b8faec3feed5dd440a"},
      {"eu-central-1", global, "/f.txt", "", 3600, "HEAD",
       "53ad32f228447bed1ec85739ec7f8a51acd3900f524008802402529a5632172e"},
      {"eu-central-1", global, "/f.txt", "", 3600, "PUT",
       "5ee830dc66742c86282679dc5b3a9ae8a27aac68b6ed635953eaa1b2d4c36c1f"},
  };
  SigningKeys keys;
  for (const Url& url : urls) {
    auto key = keys.get("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20240305", url.region);
    std::vector<Field> headers = {{"host", std::string(url.host)}};
    std::string query = presigned_query(*key, {.method = url.method,
                                               .path = url.path,
                                               .parameters = {},
                                               .headers = headers,
                                               .access_key_id = "AKIDEXAMPLE",
                                               .session_token = url.token,
                                               .date = "20240305T060708Z",
                                               .expires = url.expires});
    std::string token = url.token.empty() ? "" : "&X-Amz-Security-Token=TOK%2FEN%2B%3D%3D";
    EXPECT_EQ(query,
              "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20240305%2F" + std::string(url.region) +
                  "%2Fs3%2Faws4_request&X-Amz-Date=20240305T060708Z&X-Amz-Expires=" + std::to_string(url.expires) +
                  "&X-Amz-SignedHeaders=host" + token + "&X-Amz-Signature=" + std::string(url.signature))
        << url.host << url.path;
  }
}

TEST(SigV4, PresignsResponseOverridesFirst) {
  SigningKey key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {"20240305", "eu-central-1", "s3"});
  std::vector<Field> headers = {{"host", "test-bucket.s3.amazonaws.com"}};
  std::vector<Field> parameters = {{"response-content-disposition", "attachment; filename=\"x y.txt\""},
                                   {"response-content-type", "text/plain"},
                                   {"versionId", "v1"}};
  std::string query = presigned_query(key, {.method = "GET",
                                            .path = "/f.txt",
                                            .parameters = parameters,
                                            .headers = headers,
                                            .access_key_id = "AKIDEXAMPLE",
                                            .session_token = "",
                                            .date = "20240305T060708Z"});
  EXPECT_TRUE(
      query.starts_with("response-content-disposition=attachment%3B%20filename%3D%22x%20y.txt%22&"
                        "response-content-type=text%2Fplain&versionId=v1&X-Amz-Algorithm="))
      << query;
  EXPECT_TRUE(query.ends_with("4b067bf51a1786a41e8935315ffb1ae33d14f78f9d0516d848bdf63afdf5c931")) << query;
}

}  // namespace
}  // namespace orlop::wire
