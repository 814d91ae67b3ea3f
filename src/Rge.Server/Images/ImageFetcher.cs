using System.Net;
using System.Net.Sockets;
using Rge.Files;
using Rge.Server.Requests;

namespace Rge.Server.Images;

/// <summary>
/// Fetches the images that requests name by URL, without reaching hosts inside this network: hosts on a list only, redirects
/// followed one by one and checked like the first URL, and every connection made to exactly the address that was checked.
/// </summary>
internal sealed class ImageFetcher : IDisposable
{
    private const int MaxRedirects = 3,
        MaxHeaderKilobytes = 16;
    private const string NotPublic = "the host has an address that is not public";

    private readonly ImageHosts _hosts;
    private readonly INetwork _network;
    private readonly HttpClient _client;
    private readonly ServerLimits _limits;
    private readonly BodyMemory _memory;
    private readonly int _seconds;

    public ImageFetcher(ServerOptions options, INetwork network, BodyMemory memory)
    {
        (_hosts, _network, _memory, _limits, _seconds) = (
            new ImageHosts(options.ImageHosts),
            network,
            memory,
            options.Limits,
            options.ImageSeconds
        );
        // No proxy: it would connect in our place, to whatever address it finds.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
            MaxResponseHeadersLength = MaxHeaderKilobytes,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Begins to fetch for a request; dispose the result when its images are needed no more.</summary>
    public FetchedImages Begin() => new(this, _memory.Open(), _limits);

    /// <summary>Fetches an image.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="take">Receives bytes as they arrive; throws where they are too many.</param>
    /// <param name="cancellationToken">Stops the fetch.</param>
    /// <exception cref="ImageRefusedException">It cannot be fetched.</exception>
    internal async Task<byte[]> FetchAsync(Uri address, Action<int> take, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(TimeSpan.FromSeconds(_seconds));
        try
        {
            for (var redirects = 0; redirects <= MaxRedirects; redirects++)
            {
                if (_hosts.Problem(address) is { } problem)
                    throw new ImageRefusedException(problem);
                using var response = await _client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limited.Token);
                if (response.IsSuccessStatusCode)
                    return await ReadAsync(response.Content, take, limited.Token);
                if ((int)response.StatusCode is < 300 or >= 400 || response.Headers.Location is not { } location)
                    throw new ImageRefusedException($"the host answered with status {(int)response.StatusCode}");
                if (!Uri.TryCreate(address, location, out var next))
                    throw new ImageRefusedException("the host redirects to no valid URL");
                if (address.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps)
                    throw new ImageRefusedException("the host redirects from https to another scheme");
                address = next;
            }
            throw new ImageRefusedException($"the host redirects more than {MaxRedirects} times");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ImageRefusedException($"the host did not send it within {_seconds} s");
        }
        catch (HttpRequestException e)
        {
            throw new ImageRefusedException(e.InnerException is AddressRefusedException ? NotPublic : "the host cannot be reached", e);
        }
        catch (IOException e)
        {
            throw new ImageRefusedException("the connection broke off", e);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<byte[]> ReadAsync(HttpContent content, Action<int> take, CancellationToken cancellationToken)
    {
        var tooLarge = $"it has more than {ByteSize.Show(_limits.MaxImageBytes)}";
        if (content.Headers.ContentLength > _limits.MaxImageBytes)
            throw new ImageRefusedException(tooLarge);
        using var bytes = new MemoryStream();
        var buffer = new byte[81_920];
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        for (int count; (count = await stream.ReadAsync(buffer, cancellationToken)) > 0; )
        {
            if (bytes.Length + count > _limits.MaxImageBytes)
                throw new ImageRefusedException(tooLarge);
            take(count);
            bytes.Write(buffer, 0, count);
        }
        return bytes.ToArray();
    }

    /// <summary>Resolves a host once, checks every address it has, and connects to the first that answers.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        IPAddress[] addresses = IPAddress.TryParse(host, out var literal)
            ? [literal]
            : await _network.ResolveAsync(host, cancellationToken);
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, PublicAddress.Is))
            throw new AddressRefusedException();
        for (var i = 0; ; i++)
        {
            try
            {
                return await _network.ConnectAsync(new IPEndPoint(addresses[i], port), cancellationToken);
            }
            catch (SocketException) when (i < addresses.Length - 1)
            {
                // The next address.
            }
        }
    }

    /// <summary>Comes out of a connection that was not made.</summary>
    private sealed class AddressRefusedException() : Exception(NotPublic);
}
