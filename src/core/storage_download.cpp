// Storage: whole objects into files.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "core/storage_names.h"
#include "core/temporary_file.h"
#include "engine/aside.h"
#include "engine/payload_checksum.h"
#include "engine/tasks.h"
#include "orlop/bulk.h"
#include "orlop/storage.h"

namespace orlop {

namespace {

constexpr std::uint64_t block_size = std::uint64_t{8} << 20;  // of one ranged request
constexpr std::uint64_t parallel_from = 4 * block_size;       // below that one stream is as fast
constexpr unsigned parallel_requests = 8;
constexpr std::size_t buffer_size = 256 << 10;

// One object on its way into a file. The body that is open anyway brings the blocks from the front; for large objects
// ranged requests for the same version bring those from the back, until they meet.
class Download {
 public:
  Download(Driver& driver, const Context& context, const ReadRequest& request, Reader& front, TemporaryFile& file,
           const Storage::Progress& progress)
      : driver_(driver),
        context_(context),
        request_(request),
        front_(front),
        meta_(front.meta()),
        file_(file),
        progress_(progress),
        blocks_((meta_.size + block_size - 1) / block_size) {}

  Result<void> run() {
    if (worth_parallel()) {
      engine::TaskGroup group(parallel_requests - 1);
      for (unsigned i = 1; i < parallel_requests; ++i) {
        group.submit([this] { keep_error(read_from_back()); });
      }
      keep_error(read_from_front());
      group.wait();
    } else {
      keep_error(read_from_front());
    }
    if (failure_) return *std::move(failure_);
    return {};
  }

 private:
  bool worth_parallel() const {
    return meta_.size >= parallel_from && !meta_.etag.empty() && driver_.info().caps.has(Cap::read_conditions);
  }

  Result<void> read_from_front() {
    std::uint64_t done = 0;
    while (auto block = take_front()) {
      ORLOP_TRY(read_block(front_, *block));
      ++done;
    }
    if (done < blocks_) return {};
    // The end has to be read too: it is where a short or wrong body shows.
    std::byte beyond{};
    ORLOP_ASSIGN(std::size_t n, front_.read(MutableBytes(&beyond, 1)));
    if (n != 0) return Error(Code::data_corrupted, "the object goes on after its announced size");
    return {};
  }

  Result<void> read_from_back() {
    while (auto block = take_back()) {
      ReadRequest request = request_;
      request.range = Range::bounded(begin_of(*block), size_of(*block));
      request.conditions.if_match = meta_.etag;
      ORLOP_ASSIGN(std::unique_ptr<Reader> reader, driver_.read(context_, request));
      const Meta& present = reader->meta();
      if (present.size != meta_.size || present.etag != meta_.etag) {
        return Error(Code::precondition_failed, "the object was replaced while it was being read");
      }
      ORLOP_TRY(read_block(*reader, *block));
    }
    return {};
  }

  Result<void> read_block(Reader& reader, std::uint64_t block) {
    std::uint64_t size = size_of(block);
    std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(buffer_size, size)));
    for (std::uint64_t done = 0; done < size && !failed();) {
      auto step = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - done));
      ORLOP_ASSIGN(std::size_t n, reader.read(MutableBytes(buffer.data(), step)));
      if (n == 0) return Error(Code::data_corrupted, "the object ended before its announced size");
      ORLOP_TRY(file_.write_at(begin_of(block) + done, Bytes(buffer.data(), n)));
      done += n;
      if (progress_) progress_(received_.fetch_add(n, std::memory_order_relaxed) + n);
    }
    return {};
  }

  std::optional<std::uint64_t> take_front() {
    std::lock_guard lock(mutex_);
    if (failure_ || from_front_ + from_back_ == blocks_) return std::nullopt;
    return from_front_++;
  }

  std::optional<std::uint64_t> take_back() {
    std::lock_guard lock(mutex_);
    if (failure_ || from_front_ + from_back_ == blocks_) return std::nullopt;
    return blocks_ - ++from_back_;
  }

  void keep_error(Result<void> result) {
    if (result) return;
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(result).error();
  }

  bool failed() {
    std::lock_guard lock(mutex_);
    return failure_.has_value();
  }

  std::uint64_t begin_of(std::uint64_t block) const { return block * block_size; }
  std::uint64_t size_of(std::uint64_t block) const { return std::min(block_size, meta_.size - begin_of(block)); }

  Driver& driver_;
  const Context& context_;
  const ReadRequest& request_;
  Reader& front_;
  const Meta& meta_;
  TemporaryFile& file_;
  const Storage::Progress& progress_;
  const std::uint64_t blocks_;

  std::atomic<std::uint64_t> received_{0};
  std::mutex mutex_;
  std::uint64_t from_front_ = 0;
  std::uint64_t from_back_ = 0;
  std::optional<Error> failure_;
};

Result<void> verify(const TemporaryFile& file, const Meta& meta) {
  if (!meta.checksum || meta.checksum->algorithm == ChecksumAlgorithm::none) return {};
  ORLOP_ASSIGN(Checksum received, engine::checksum_of(file.content(meta.size), meta.checksum->algorithm));
  if (received == *meta.checksum) return {};
  return Error(Code::data_corrupted, "the bytes received do not have the object's checksum");
}

}  // namespace

Result<Meta> download_whole(const Context& context, Driver& driver, const ReadRequest& request, const std::string& path,
                            const Storage::Progress& progress) {
  return engine::aside([&]() -> Result<Meta> {
    ORLOP_ASSIGN(std::unique_ptr<Reader> reader, driver.read(context, request));
    ORLOP_ASSIGN(TemporaryFile file, TemporaryFile::open(path));
    auto received = Download(driver, context, request, *reader, file, progress).run();
    if (received) received = verify(file, reader->meta());
    if (received) received = file.publish();
    if (received) return reader->meta();
    Error error = std::move(received).error();
    error.add_context("download", driver.info().scheme, request.key);
    return error;
  });
}

Result<Meta> Storage::download(std::string_view name, const std::string& path, const Context& context,
                               const Progress& progress) const {
  ORLOP_TRY(check_inside(name));
  return download_whole(context, *driver_, {.key = name}, path, progress);
}

}  // namespace orlop
