#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::test {

/// An empty database of a PostgreSQL server that runs for this test process alone: started with the first one, gone
/// with the process. Dropped at the end of the object, whoever is still connected. Thread-safe, as are those below.
///
/// The server is as durable as a real one. Everything throws std::runtime_error when it cannot be done.
class TestDatabase {
 public:
  TestDatabase() : TestDatabase("template0") {}
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase();

  const std::string& name() const { return name_; }
  /// Keyword and value pairs for libpq, to which more can be appended.
  const std::string& dsn() const { return dsn_; }

 private:
  friend class TestStores;
  explicit TestDatabase(std::string_view source);

  std::string name_;
  std::string dsn_;
};

/// A write store and a read store of its own for each test: migrated, and empty.
class TestStores {
 public:
  TestStores();

  const std::string& write_dsn() const { return write_.dsn(); }
  const std::string& read_dsn() const { return read_.dsn(); }

 private:
  TestDatabase write_;
  TestDatabase read_;
};

using SqlRow = std::vector<std::optional<std::string>>;

/// Runs one or more statements, each in its own transaction unless they say otherwise; the rows of the last one.
std::vector<SqlRow> SqlRows(const std::string& dsn, const std::string& statements);

/// From now on, who connects has statements run by several processes of the server wherever that is allowed, however
/// small they are.
void HaveAllInParallel(const std::string& dsn);

/// The first column of the first row; empty when there is no row, or a NULL.
std::string Sql(const std::string& dsn, const std::string& statements);

}  // namespace volcanion::test
