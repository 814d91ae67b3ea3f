using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Rge.Server.Tests;

/// <summary>Stands before a PostgreSQL server, and can be as good as away.</summary>
internal sealed class StoreProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly EndPoint _server;
    private volatile bool _isOpen = true;
    private Task _accepting = Task.CompletedTask;

    private StoreProxy(EndPoint server) => _server = server;

    public string ConnectionString { get; private set; } = "";

    /// <summary>Whether connections go through. Closing it ends those that are there.</summary>
    public bool IsOpen
    {
        get => _isOpen;
        set
        {
            _isOpen = value;
            if (!value)
                foreach (var client in _clients)
                    client.Dispose();
        }
    }

    public static Task<StoreProxy> StartAsync(string store)
    {
        var connection = new NpgsqlConnectionStringBuilder(store);
        EndPoint server = connection.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint($"{connection.Host}/.s.PGSQL.{connection.Port}")
            : new IPEndPoint(IPAddress.Loopback, connection.Port);
        var proxy = new StoreProxy(server);
        proxy._listener.Start();
        (connection.Host, connection.Port) = ("127.0.0.1", ((IPEndPoint)proxy._listener.LocalEndpoint).Port);
        proxy.ConnectionString = connection.ConnectionString;
        proxy._accepting = proxy.AcceptAsync();
        return Task.FromResult(proxy);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        foreach (var client in _clients)
            client.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            if (!_isOpen)
            {
                client.Dispose();
                continue;
            }
            _clients.Add(client);
            _ = PassAsync(client);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new Socket(
            _server.AddressFamily,
            SocketType.Stream,
            _server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified
        );
        try
        {
            await server.ConnectAsync(_server, _stop.Token);
            await using var stream = new NetworkStream(server);
            await Task.WhenAny(client.GetStream().CopyToAsync(stream, _stop.Token), stream.CopyToAsync(client.GetStream(), _stop.Token));
        }
        catch (Exception e)
            when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // One side is gone.
        }
        client.Dispose();
    }
}
