using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Rge.Server.Requests;

namespace Rge.Server.Images;

/// <summary>
/// Fetches the images that requests name by URL, as nobody inside this network should be reached that way: hosts on a list only, redirects
/// followed one by one and checked like the first URL, and every connection made to exactly the address that was checked.
/// </summary>
internal sealed class ImageFetcher : IDisposable
{
    private const int MaxRedirects = 3, AtOnce = 8, MaxHeaderKilobytes = 16;
    private const string NotPublic = "the host has an address that is not public";

    private readonly ImageHosts _hosts;
    private readonly INetwork _network;
    private readonly HttpClient _client;
    private readonly int _maxBytes;
    private readonly int _seconds;

    public ImageFetcher(ServerOptions options, INetwork network)
    {
        (_hosts, _network, _maxBytes, _seconds) = (new ImageHosts(options.ImageHosts), network, options.Limits.MaxImageBytes, options.ImageSeconds);
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

    /// <summary>The items with their images.</summary>
    /// <exception cref="ApiException">An image cannot be fetched.</exception>
    public async Task<IReadOnlyList<EmbeddingInput>> CompleteAsync(IReadOnlyList<RequestItem> items, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(items.SelectMany(item => item.Images), cancellationToken);
        return [.. items.Select(item => item.Input with { Images = [.. item.Images.Select(image => ImageSource.FromBytes(bytes[image], image.Path))] })];
    }

    /// <summary>The encoded images; each URL is fetched once.</summary>
    /// <exception cref="ApiException">An image cannot be fetched.</exception>
    public async Task<IReadOnlyDictionary<ImageReference, byte[]>> ReadAsync(IEnumerable<ImageReference> images, CancellationToken cancellationToken)
    {
        var fetched = new ConcurrentDictionary<Uri, byte[]>();
        ImageReference[] all = [.. images];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(
            all.Where(image => image.Address is not null).DistinctBy(image => image.Address), parallel, async (image, stop) => fetched[image.Address!] = await FetchAsync(image, stop));
        return all.ToDictionary(image => image, image => image.Bytes ?? fetched[image.Address!]);
    }

    public void Dispose() => _client.Dispose();

    private async Task<byte[]> FetchAsync(ImageReference image, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(TimeSpan.FromSeconds(_seconds));
        try
        {
            var address = image.Address!;
            for (var redirects = 0; redirects <= MaxRedirects; redirects++)
            {
                if (_hosts.Problem(address) is { } problem) throw Refused(image, problem);
                using var response = await _client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limited.Token);
                if (response.IsSuccessStatusCode) return await ReadAsync(image, response.Content, limited.Token);
                if ((int)response.StatusCode is < 300 or >= 400 || response.Headers.Location is not { } location)
                    throw Refused(image, $"the host answered with status {(int)response.StatusCode}");
                if (!Uri.TryCreate(address, location, out var next)) throw Refused(image, "the host redirects to no valid URL");
                if (address.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps) throw Refused(image, "the host redirects from https to another scheme");
                address = next;
            }
            throw Refused(image, $"the host redirects more than {MaxRedirects} times");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Refused(image, $"the host did not send it within {_seconds} s");
        }
        catch (HttpRequestException e)
        {
            throw Refused(image, e.InnerException is AddressRefusedException ? NotPublic : "the host cannot be reached", e);
        }
        catch (IOException e)
        {
            throw Refused(image, "the connection broke off", e);
        }
    }

    private async Task<byte[]> ReadAsync(ImageReference image, HttpContent content, CancellationToken cancellationToken)
    {
        var tooLarge = $"it has more than {_maxBytes} bytes";
        if (content.Headers.ContentLength > _maxBytes) throw Refused(image, tooLarge);
        using var bytes = new MemoryStream();
        var buffer = new byte[81_920];
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        for (int count; (count = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (bytes.Length + count > _maxBytes) throw Refused(image, tooLarge);
            bytes.Write(buffer, 0, count);
        }
        return bytes.ToArray();
    }

    /// <summary>Resolves a host once, checks every address it has, and connects to the first that answers.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        IPAddress[] addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await _network.ResolveAsync(host, cancellationToken);
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, PublicAddress.Is)) throw new AddressRefusedException();
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

    private static ApiException Refused(ImageReference image, string reason, Exception? innerException = null) =>
        ApiException.Invalid($"{image.Path} cannot be fetched: {reason}.", image.Path, "invalid_image_url", innerException);

    /// <summary>Comes out of a connection that was not made.</summary>
    private sealed class AddressRefusedException() : Exception(NotPublic);
}
