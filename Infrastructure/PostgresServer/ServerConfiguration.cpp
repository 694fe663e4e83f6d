#include "Infrastructure/PostgresServer/ServerConfiguration.h"

#include "Infrastructure/PostgresServer/FileOwnership.h"
#include "Infrastructure/PostgresServer/MemoryLimit.h"
#include "Infrastructure/PostgresServer/Quoting.h"
#include "Infrastructure/PostgresServer/SocketDirectory.h"
#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;

/// It belongs to the owner of the home and, to read, to the group of the server's user.
void WriteFile(const ClusterHome& home, const std::string& name, std::string_view lines) {
  const std::string text =
      "# Written at every start of the private PostgreSQL; changes are lost.\n" + std::string(lines);
  const fs::path unfinished = home.path / (name + ".new");
  unlink(unfinished.c_str());
  const FileDescriptor fd(open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!fd) ThrowSystemError("Cannot make " + unfinished.string(), errno);
  if (home.server_user) GiveTo(fd.get(), {OwnerOf(home.path).uid, home.server_user->gid});
  if (fchmod(fd.get(), 0640) != 0 || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    ThrowSystemError("Cannot write " + unfinished.string(), errno);
  }
  fs::rename(unfinished, home.path / name);
}

/// What this process may have; 1 GiB when the system does not tell.
long long MemoryMb() {
  struct sysinfo machine {};
  const auto all =
      sysinfo(&machine) == 0
          ? static_cast<long long>(static_cast<unsigned long long>(machine.totalram) * machine.mem_unit) / (1 << 20)
          : 1024;
  return std::min(all, GroupMemoryLimitMb().value_or(all));
}

std::string ServerSettings(const ClusterHome& home, const fs::path& socket_directory,
                           const PrivateClusterSettings& settings) {
  std::string text;
  const auto path = [](const fs::path& value) { return SingleQuoted(value.string()); };
  const auto set = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(" = ").append(value).append("\n");
  };
  // First what initdb has found out about this machine, such as the kind of shared memory that it has.
  text += "include " + path(home.data / "postgresql.conf") + "\n";
  set("data_directory", path(home.data));
  set("hba_file", path(home.path / "pg_hba.conf"));
  set("ident_file", path(home.path / "pg_ident.conf"));
  set("cluster_name", "'volcanion'");

  set("listen_addresses", "''");
  set("port", kServerPort);
  set("unix_socket_directories", path(socket_directory));
  set("unix_socket_permissions", "0700");
  set("max_connections", std::to_string(settings.max_connections));

  // Acknowledged means durable.
  set("fsync", settings.fsync ? "on" : "off");
  set("full_page_writes", "on");
  set("synchronous_commit", "on");

  const long long memory_mb = MemoryMb();
  // Keys in no order are entered anywhere in their index: what of it lies here need not be read, nor written for each.
  const long long buffers_mb =
      settings.shared_buffers_mb > 0 ? settings.shared_buffers_mb : std::clamp<long long>(memory_mb / 8, 32, 4'096);
  set("shared_buffers", std::to_string(buffers_mb) + "MB");
  set("effective_cache_size", std::to_string(std::max(memory_mb / 2, buffers_mb)) + "MB");
  set("work_mem", "8MB");
  set("maintenance_work_mem", "64MB");
  set("min_wal_size", "128MB");
  // With millions of keys in no order, hardly an event finds its page written since the last checkpoint, and a page
  // goes to the log whole then: compressed, and the seldomer the further apart checkpoints are. A recovery takes longer
  // then.
  set("wal_compression", "lz4");
  set("max_wal_size", "4GB");
  set("checkpoint_timeout", "'10min'");
  set("random_page_cost", "1.1");
  set("jit", "off");  // the queries are short; compiling one takes longer than running it

  set("timezone", "'UTC'");
  set("log_timezone", "'UTC'");
  set("log_line_prefix", "'%m [%p] %q%u@%d '");
  // Statements, parameters and the details and contexts of errors hold payloads, which no log may.
  set("log_error_verbosity", "terse");
  set("log_min_error_statement", "panic");
  set("log_parameter_max_length", "0");
  set("log_parameter_max_length_on_error", "0");
  return text;
}

}  // namespace

void WriteConfiguration(const ClusterHome& home, const fs::path& socket_directory,
                        const PrivateClusterSettings& settings) {
  WriteFile(home, "postgresql.conf", ServerSettings(home, socket_directory, settings));

  // Who may connect: the user that this process runs as, and nobody else. `peer` asks the kernel for the user at the
  // other end of the socket, so this holds wherever the socket is, and also against the user who runs the server when
  // that is another one (`postgres` runs other servers too). `trust` in a private directory would let that user in.
  const std::string owner(kClusterOwner);
  WriteFile(home, "pg_hba.conf",
            "local all " + owner + " peer map=volcanion\n" +  //
                "local replication " + owner + " peer map=volcanion\n");
  WriteFile(home, "pg_ident.conf", "volcanion " + DoubleQuoted(home.client_user) + " " + owner + "\n");
}

}  // namespace volcanion::infrastructure
