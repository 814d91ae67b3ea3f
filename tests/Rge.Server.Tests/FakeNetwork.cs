using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Rge.Server.Images;

namespace Rge.Server.Tests;

/// <summary>A network in which names are what a test says, and whatever is connected to is one local server.</summary>
internal sealed class FakeNetwork(int port) : INetwork
{
    private readonly SystemNetwork _system = new();

    /// <summary>The addresses of a name, each time it is asked for.</summary>
    public ConcurrentDictionary<string, Func<int, IPAddress[]>> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that were resolved.</summary>
    public ConcurrentQueue<string> Resolved { get; } = [];

    /// <summary>Addresses that were connected to.</summary>
    public ConcurrentQueue<IPEndPoint> Connected { get; } = [];

    public void Add(string name, params string[] addresses) => Names[name] = _ => [.. addresses.Select(IPAddress.Parse)];

    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        Resolved.Enqueue(host);
        return Names.TryGetValue(host, out var addresses)
            ? Task.FromResult(addresses(Resolved.Count(name => name == host)))
            : throw new SocketException((int)SocketError.HostNotFound);
    }

    public ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        Connected.Enqueue(endPoint);
        return _system.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
    }
}
