#include "Api/Http/Gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace volcanion::api {

namespace {

constexpr int kGzipOnly = 15 + 16;  // zlib's windowBits: the largest window, a gzip header and no other
constexpr std::size_t kFirstStep = 16 * 1024;
constexpr int kFast = 1;  // answers are packed while others wait
constexpr int kMemoryLevel = 8;

struct Inflater {
  z_stream stream{};
  Inflater() {
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

GunzipOutcome Gunzip(std::string_view packed, std::size_t max_bytes, std::string& plain) {
  plain.clear();
  if (packed.size() > std::numeric_limits<uInt>::max()) return GunzipOutcome::kTooLarge;
  Inflater inflater;
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(packed.size());

  std::size_t filled = 0;
  for (;;) {
    if (filled == plain.size()) {
      if (filled > max_bytes) return GunzipOutcome::kTooLarge;
      const std::size_t step = std::max({filled, kFirstStep, std::min(4 * packed.size(), max_bytes)});
      plain.resize(std::min(filled + step, max_bytes + 1));  // the one byte more tells "full" from "too much"
    }
    const std::size_t room = std::min<std::size_t>(plain.size() - filled, std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(plain.data() + filled);
    stream.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    filled += room - stream.avail_out;
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) != Z_OK) return GunzipOutcome::kCorrupt;
    } else if (result == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) {
      return GunzipOutcome::kCorrupt;
    }
  }
  if (filled > max_bytes) return GunzipOutcome::kTooLarge;
  plain.resize(filled);
  return GunzipOutcome::kDone;
}

std::optional<UnpackFailure> Unpack(Request& request, std::size_t max_bytes) {
  if (!std::exchange(request.is_packed, false) || request.body.empty()) return std::nullopt;
  std::string plain;
  switch (Gunzip(request.body, max_bytes, plain)) {
    case GunzipOutcome::kDone:
      request.body = std::move(plain);
      return std::nullopt;
    case GunzipOutcome::kCorrupt:
      return UnpackFailure{400, "The body is not sound gzip, as its Content-Encoding says."};
    case GunzipOutcome::kTooLarge:
      break;
  }
  return UnpackFailure{413, "The body unpacks to more than this server accepts."};
}

std::string GzipPack(std::string_view plain) {
  z_stream stream{};
  if (deflateInit2(&stream, kFast, Z_DEFLATED, kGzipOnly, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);  // cannot fail: the bound is a bound
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

struct GzipPacker::State {
  z_stream stream{};
};

GzipPacker::GzipPacker() : state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, kFast, Z_DEFLATED, kGzipOnly, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipPacker::~GzipPacker() { deflateEnd(&state_->stream); }

std::string GzipPacker::Pack(std::string_view piece, bool is_last) {
  z_stream& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(piece.size());
  std::string packed;
  std::size_t filled = 0;
  do {  // until it leaves room: then it has no more to give
    packed.resize(filled + std::max(piece.size() / 4, kFirstStep));
    stream.next_out = reinterpret_cast<Bytef*>(packed.data() + filled);
    stream.avail_out = static_cast<uInt>(packed.size() - filled);
    deflate(&stream, is_last ? Z_FINISH : Z_SYNC_FLUSH);
    filled = packed.size() - stream.avail_out;
  } while (stream.avail_out == 0);
  packed.resize(filled);
  return packed;
}

namespace {

void AppendLittleEndian(std::string& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i, value >>= 8) bytes.push_back(static_cast<char>(value & 255));
}

std::uint32_t CheckSum(std::uint32_t before, std::string_view text) {
  return static_cast<std::uint32_t>(
      ::crc32(before, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

}  // namespace

PackedBeginning::PackedBeginning(std::string_view beginning)
    : packed_(GzipPacker().Pack(beginning, false)), check_sum_(CheckSum(0, beginning)), plain_bytes_(beginning.size()) {
  packed_.shrink_to_fit();
}

// A last block that is stored (RFC 1951, 3.2.4), and the check sum and the size of all (RFC 1952, 2.3.1).
std::string PackedBeginning::With(std::string_view end) const {
  constexpr char kLastAndStored = 1;
  std::string packed;
  packed.reserve(packed_.size() + end.size() + 13);
  packed.append(packed_).push_back(kLastAndStored);
  AppendLittleEndian(packed, end.size(), 2);
  AppendLittleEndian(packed, ~end.size(), 2);
  packed.append(end);
  AppendLittleEndian(packed, CheckSum(check_sum_, end), 4);
  AppendLittleEndian(packed, plain_bytes_ + end.size(), 4);
  return packed;
}

}  // namespace volcanion::api
