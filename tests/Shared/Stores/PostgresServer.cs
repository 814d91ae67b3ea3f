using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Rge.Tests.Shared.Stores;

/// <summary>
/// A PostgreSQL server with pgvector of one's own: started when first asked for, on a free port of the loopback, with data that are deleted
/// at the end. It runs in the folder that build/postgres.sh makes, and ends when this process ends in whichever way.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Programs = "/usr/lib/postgresql/17/bin/";

    private static readonly string Root = Environment.GetEnvironmentVariable("RGE_POSTGRES") is { Length: > 0 } named
        ? named
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "rge",
            "postgres-17"
        );

    private readonly SemaphoreSlim _starting = new(1);
    private readonly string _data = $"/var/lib/postgresql/rge-{Guid.NewGuid():N}"; // under Root
    private Process? _server;
    private int _port;

    /// <summary>Why there is no server; null when there is.</summary>
    public static string? Problem =>
        !File.Exists(Root + Programs + "postgres")
            ? $"PostgreSQL is not in {Root}; build/postgres.sh makes it, RGE_POSTGRES names another folder"
        : Environment.UserName != "root" ? "PostgreSQL runs by chroot here, which needs root"
        : null;

    /// <summary>
    /// Makes an empty schema, which a new database would be many times as slow as, and returns a connection string for it.
    /// </summary>
    public async Task<string> CreateSchemaAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_server is null)
            {
                await RunAsync("initdb", "-D", _data, "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8", "--no-sync");
                _port = FreePort();
                await StartAsync();
                await QueryAsync("CREATE EXTENSION vector");
            }
        }
        finally
        {
            _starting.Release();
        }
        var name = $"rge_{Guid.NewGuid():N}";
        await QueryAsync($"CREATE SCHEMA {name}");
        return $"Host=127.0.0.1;Port={Port};Database=postgres;Username=postgres;Search Path={name},public";
    }

    /// <summary>Starts the server over the data it had.</summary>
    public async Task StartAsync()
    {
        // The shell waits for its input to end, which it does with this process; then it stops the server.
        _server = Process.Start(
            new ProcessStartInfo(
                "chroot",
                [
                    "--userspec=postgres:postgres",
                    Root,
                    "/bin/sh",
                    "-c",
                    $"{Programs}postgres -D {_data} -p {Port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c "
                        + "dynamic_shared_memory_type=mmap -c shared_buffers=64MB "
                        + $"-c max_connections=60 -c fsync=off >>{_data}/log 2>&1 & server=$!; cat >/dev/null; kill -INT $server; wait "
                        + "$server",
                ]
            )
            {
                RedirectStandardInput = true,
                UseShellExecute = false,
            }
        )!;
        for (var attempts = 0; ; attempts++)
        {
            using var ready = Start("pg_isready", "-q", "-h", "127.0.0.1", "-p", Port);
            await ready.WaitForExitAsync();
            if (ready.ExitCode == 0)
                return;
            if (attempts == 300)
                throw new InvalidOperationException($"PostgreSQL has not started: {await File.ReadAllTextAsync(Root + _data + "/log")}");
            await Task.Delay(100);
        }
    }

    /// <summary>Stops the server; open connections are cut.</summary>
    public async Task StopAsync()
    {
        if (_server is null)
            return;
        _server.StandardInput.Close();
        await _server.WaitForExitAsync();
        _server.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _starting.Dispose();
        if (Directory.Exists(Root + _data))
            Directory.Delete(Root + _data, recursive: true);
    }

    private string Port => _port.ToString(CultureInfo.InvariantCulture);

    private Task QueryAsync(string query) => RunAsync("psql", "-q", "-h", "127.0.0.1", "-p", Port, "-U", "postgres", "-c", query);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await error}{await output}");
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(
            new ProcessStartInfo("chroot", ["--userspec=postgres:postgres", Root, Programs + program, .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            }
        )!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
