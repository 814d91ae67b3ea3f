using System.Net;

namespace Rge.Server.Images;

/// <summary>Finds and reaches hosts. Thread-safe.</summary>
internal interface INetwork
{
    /// <summary>All addresses of a host.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">It has none.</exception>
    Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken);

    /// <summary>Connects to an address; the caller disposes the stream.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The address does not answer.</exception>
    ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken);
}
