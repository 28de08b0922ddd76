#include "engine/fork_mutex.h"

#include <pthread.h>

#include <unordered_set>

namespace orlop::engine {
namespace {

struct All {
  All() {
    pthread_atfork([] { instance().lock(); }, [] { instance().unlock(); }, [] { instance().unlock(); });
  }

  // Never destroyed: threads may still run while a program ends.
  static All& instance() {
    static auto* all = new All;
    return *all;
  }

  void lock() {
    mutex.lock();
    for (ForkMutex* one : members) one->lock();
  }

  void unlock() {
    for (ForkMutex* one : members) one->unlock();
    mutex.unlock();
  }

  std::mutex mutex;
  std::unordered_set<ForkMutex*> members;
};

}  // namespace

ForkMutex::ForkMutex() {
  All& all = All::instance();
  std::lock_guard lock(all.mutex);
  all.members.insert(this);
}

ForkMutex::~ForkMutex() {
  All& all = All::instance();
  std::lock_guard lock(all.mutex);
  all.members.erase(this);
}

}  // namespace orlop::engine
