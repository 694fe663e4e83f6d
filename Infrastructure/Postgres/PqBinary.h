#pragma once

#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <libpq-fe.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// Type numbers of PostgreSQL's pg_type catalogue.
inline constexpr Oid kBoolOid = 16, kByteaOid = 17, kInt8Oid = 20, kInt4Oid = 23, kTextOid = 25, kJsonOid = 114,
                     kDateOid = 1082, kTimestamptzOid = 1184, kUuidOid = 2950;
inline constexpr Oid kBoolArrayOid = 1000, kByteaArrayOid = 1001, kInt4ArrayOid = 1007, kTextArrayOid = 1009,
                     kInt8ArrayOid = 1016, kDateArrayOid = 1182, kTimestamptzArrayOid = 1185, kJsonArrayOid = 199,
                     kUuidArrayOid = 2951;

/// PostgreSQL's binary form of a timestamptz: microseconds since 2000-01-01T00:00:00Z.
std::int64_t ToPostgresMicros(domain::Timestamp time);
domain::Timestamp FromPostgresMicros(std::int64_t micros);

/// The binary form of a uuid: its bytes. What reads takes 16 of them.
std::string_view BytesOf(const domain::Uuid& id);
domain::Uuid UuidFromBytes(std::string_view bytes);

/// Appends values in PostgreSQL's binary send format, each behind its length (int4), as COPY and arrays want them.
class BinaryValues {
 public:
  void Null();
  void Bytes(std::string_view bytes);
  void Uuid(const domain::Uuid& id);
  void Int8(std::int64_t value);
  void Int4(std::int32_t value);
  void Boolean(bool value);
  void Timestamp(domain::Timestamp time) { Int8(ToPostgresMicros(time)); }
  /// The last `size` bytes: the value that was appended last, without its length, as a parameter wants it.
  std::string_view last(std::size_t size) const { return std::string_view(bytes_).substr(bytes_.size() - size); }

 protected:
  void PutInt2(std::int16_t value);
  void PutInt4(std::int32_t value);
  void PutInt8(std::int64_t value);
  std::string bytes_;
};

/// A one-dimensional array parameter. Source: array_recv in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
class BinaryArray : public BinaryValues {
 public:
  BinaryArray(Oid element_type, std::size_t size);
  std::string_view bytes() const { return bytes_; }
};

/// A stream for COPY ... FROM STDIN (FORMAT binary). Source: "Binary Format" in PostgreSQL's documentation of COPY.
class BinaryCopy : public BinaryValues {
 public:
  BinaryCopy() { Begin(); }
  /// Begins a new stream in the memory of the one before, unless that was unusually large.
  void Begin();
  void Row(int columns) { PutInt2(static_cast<std::int16_t>(columns)); }
  /// The whole stream, end mark included; call it once, at the end.
  std::string_view Finish();
  std::string_view bytes() const { return bytes_; }
};

}  // namespace volcanion::infrastructure
