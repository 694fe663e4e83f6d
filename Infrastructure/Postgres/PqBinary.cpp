#include "Infrastructure/Postgres/PqBinary.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace volcanion::infrastructure {
namespace {

constexpr domain::Timestamp kPostgresEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);

template <typename Integer>
void PutNetwork(Integer value, std::string& bytes) {
  std::array<char, sizeof value> network;
  for (auto byte = network.rbegin(); byte != network.rend(); ++byte, value = static_cast<Integer>(value >> 8)) {
    *byte = static_cast<char>(value & 255);
  }
  bytes.append(network.data(), network.size());
}

}  // namespace

std::int64_t ToPostgresMicros(domain::Timestamp time) { return (time - kPostgresEpoch).count(); }
domain::Timestamp FromPostgresMicros(std::int64_t micros) { return kPostgresEpoch + std::chrono::microseconds(micros); }

std::string_view BytesOf(const domain::Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

domain::Uuid UuidFromBytes(std::string_view bytes) {
  domain::Uuid id;
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
  return id;
}

void BinaryValues::PutInt2(std::int16_t value) { PutNetwork(value, bytes_); }
void BinaryValues::PutInt4(std::int32_t value) { PutNetwork(value, bytes_); }
void BinaryValues::PutInt8(std::int64_t value) { PutNetwork(value, bytes_); }

void BinaryValues::Null() { PutInt4(-1); }

void BinaryValues::Bytes(std::string_view bytes) {
  PutInt4(static_cast<std::int32_t>(bytes.size()));
  bytes_.append(bytes);
}

void BinaryValues::Uuid(const domain::Uuid& id) { Bytes(BytesOf(id)); }

void BinaryValues::Int8(std::int64_t value) {
  PutInt4(8);
  PutInt8(value);
}

void BinaryValues::Int4(std::int32_t value) {
  PutInt4(4);
  PutInt4(value);
}

void BinaryValues::Boolean(bool value) {
  PutInt4(1);
  bytes_.push_back(value ? 1 : 0);
}

BinaryArray::BinaryArray(Oid element_type, std::size_t size) {
  PutInt4(size == 0 ? 0 : 1);  // dimensions
  PutInt4(1);                  // may hold nulls
  PutInt4(static_cast<std::int32_t>(element_type));
  if (size == 0) return;
  PutInt4(static_cast<std::int32_t>(size));
  PutInt4(1);  // lower bound
}

void BinaryCopy::Begin() {
  constexpr std::size_t kKeptBytes = 4 * 1024 * 1024;
  if (bytes_.capacity() > kKeptBytes) std::string().swap(bytes_);
  bytes_.clear();
  bytes_.append("PGCOPY\n\377\r\n\0", 11);
  PutInt4(0);  // flags
  PutInt4(0);  // length of the header's extension
}

std::string_view BinaryCopy::Finish() {
  PutInt2(-1);
  return bytes_;
}

}  // namespace volcanion::infrastructure
