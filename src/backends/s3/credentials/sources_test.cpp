#include "backends/s3/credentials/sources.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/support/credential_sources.h"

namespace orlop::s3 {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST_F(S3Sources, TheMostSpecificPlaceWins) {
  Double container([](const auto&) { return answer(200, keys_json("CONTAINER")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url("/"));
  EXPECT_EQ(look_up().value()->access_key_id, "CONTAINER");
  write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(look_up().value()->access_key_id, "FILE");
  set_keys();
  EXPECT_EQ(look_up().value()->access_key_id, "ENV");
  EXPECT_EQ(look_up("default").value()->access_key_id, "FILE");
}

TEST_F(S3Sources, KeysOfTheEnvironmentMayEnd) {
  set_keys();
  set("AWS_CREDENTIAL_EXPIRATION", in(hours(1)));
  EXPECT_TRUE(look_up().value()->expires);
  set("AWS_CREDENTIAL_EXPIRATION", in(seconds(-1)));
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
  set("AWS_CREDENTIAL_EXPIRATION", "soon");
  EXPECT_EQ(look_up().error().code(), Code::config_invalid);
}

TEST_F(S3Sources, ManyWhoWaitCostOneLookUp) {
  Double service([](const auto&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return answer(200, keys_json("ONE"));
  });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      auto got = chain->get();
      if (got && (*got)->access_key_id == "ONE") ++good;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 16);
  EXPECT_EQ(service.asked().size(), 1U);
}

TEST_F(S3Sources, WhatIsStillValidIsUsedWhileRenewalFails) {
  std::atomic<int> count = 0;
  Double service(
      [&](const auto&) { return ++count == 1 ? answer(200, keys_json("VALID", seconds(20))) : answer(404, ""); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  ASSERT_TRUE(chain->get());
  // With less than half a minute left each call tries for others, and does with these.
  EXPECT_EQ(chain->get().value()->access_key_id, "VALID");
  EXPECT_EQ(count, 2);
}

TEST_F(S3Sources, ShortLivesAreRenewedWithoutHurry) {
  std::atomic<int> count = 0;
  Double service([&](const auto&) { return ++count, answer(200, keys_json("SHORT", seconds(60))); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  ASSERT_TRUE(chain->get());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(count, 1);
}

// ThreadSanitizer lets no forked child start threads.
#if !defined(__SANITIZE_THREAD__)
TEST_F(S3Sources, AForkedChildLooksForItself) {
  std::atomic<bool> hang = true;
  Double service([&](const auto&) { return hang ? std::string() : answer(200, keys_json("CHILD")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  std::thread parent([&] { (void)chain->get(Context{}.with_timeout(seconds(3))); });
  while (service.asked().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  hang = false;
  ::pid_t child = ::fork();  // while the parent holds its turn
  if (child == 0) {
    auto got = chain->get(Context{}.with_timeout(seconds(5)));
    ::_exit(got && (*got)->access_key_id == "CHILD" ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  parent.join();
}
#endif

}  // namespace
}  // namespace orlop::s3
