using System.Net;
using System.Net.Http.Headers;

namespace Rge.Hub;

/// <summary>Speaks the hub's HTTP: addresses, authorization, redirects, and statuses as exceptions. Thread-safe.</summary>
internal sealed class HubClient
{
    private const int MaxRedirects = 5;

    private readonly HttpClient _http;
    private readonly HubOptions _options;
    private readonly TimeProvider _time;
    private readonly Uri _endpoint;

    public HubClient(HttpClient http, HubOptions options, TimeProvider time)
    {
        (_http, _options, _time) = (http, options, time);
        // Without the slash the last segment of an endpoint with a path would be replaced.
        _endpoint = new Uri(options.Endpoint.AbsoluteUri.TrimEnd('/') + "/");
        if (options.Token is { } token && token.Any(c => c is <= ' ' or > '~'))
            throw new HubException("The access token holds characters other than letters, digits and signs.");
    }

    public Uri ListingAddress(string repository, string revision) =>
        new(_endpoint, $"api/models/{repository}/revision/{Uri.EscapeDataString(revision)}?blobs=true");

    public Uri FileAddress(HubSnapshot snapshot, HubFile file) =>
        new(
            _endpoint,
            $"{snapshot.Repository}/resolve/{Uri.EscapeDataString(snapshot.Commit)}/"
                + string.Join('/', file.Name.Split('/').Select(Uri.EscapeDataString))
        );

    /// <summary>Asks for an address and returns once the headers have arrived. The caller disposes the answer: 200, 206 or 416.</summary>
    /// <param name="address">The address.</param>
    /// <param name="repository">Named in errors.</param>
    /// <param name="from">First byte to fetch; 0 for the whole file.</param>
    /// <param name="etag">The ETag of the bytes before <paramref name="from"/>; null when not known.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="TransientException">No connection, or a server that is overloaded.</exception>
    /// <exception cref="HubException">The server refuses.</exception>
    public async Task<HttpResponseMessage> GetAsync(
        Uri address,
        string repository,
        long from,
        EntityTagHeaderValue? etag,
        CancellationToken cancellationToken
    )
    {
        for (var redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            var response = await SendAsync(address, from, etag, cancellationToken);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
                return response;
            using (response)
            {
                address = IsRedirect(response) ? Target(address, response) : throw Refusal(address, response, repository);
            }
        }

        throw new HubException($"{_endpoint} redirects more than {MaxRedirects} times.");
    }

    private async Task<HttpResponseMessage> SendAsync(
        Uri address,
        long from,
        EntityTagHeaderValue? etag,
        CancellationToken cancellationToken
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (_options.Token is not null && IsEndpoint(address))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.Token);
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        if (from > 0 && etag is { IsWeak: false })
            request.Headers.IfRange = new RangeConditionHeaderValue(etag);

        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(_options.StallTimeout);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.NameResolutionError)
        {
            // A second attempt finds the name no better.
            throw new HubException($"There is no host '{address.Host}', or no network to ask for it: {error.Message}.", error);
        }
        catch (HttpRequestException error)
        {
            throw new TransientException($"{address.Host} cannot be reached: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"{address.Host} does not answer", error);
        }
    }

    private bool IsEndpoint(Uri address) =>
        address.Scheme == _endpoint.Scheme
        && address.Port == _endpoint.Port
        && string.Equals(address.IdnHost, _endpoint.IdnHost, StringComparison.OrdinalIgnoreCase);

    private static bool IsRedirect(HttpResponseMessage response) =>
        response.StatusCode
            is HttpStatusCode.MovedPermanently
                or HttpStatusCode.Found
                or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect
                or HttpStatusCode.PermanentRedirect
        && response.Headers.Location is not null;

    private static Uri Target(Uri address, HttpResponseMessage response)
    {
        var target = new Uri(address, response.Headers.Location!);
        return target.Scheme == Uri.UriSchemeHttps || (target.Scheme == Uri.UriSchemeHttp && address.Scheme == Uri.UriSchemeHttp)
            ? target
            : throw new HubException($"{address.Host} redirects to {target.Scheme}://{target.Host}, which is not secure.");
    }

    private Exception Refusal(Uri address, HttpResponseMessage response, string repository)
    {
        var status = $"HTTP {(int)response.StatusCode}";
        var isTransient =
            response.StatusCode
            is HttpStatusCode.RequestTimeout
                or HttpStatusCode.TooManyRequests
                or HttpStatusCode.InternalServerError
                or HttpStatusCode.BadGateway
                or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.GatewayTimeout;
        if (isTransient)
        {
            var retryAfter = response.Headers.RetryAfter;
            var wait = retryAfter?.Delta ?? retryAfter?.Date - _time.GetUtcNow();
            return new TransientException($"{address.Host} answers {status}")
            {
                RetryAfter = wait is { Ticks: < 0 } ? TimeSpan.Zero : wait,
            };
        }

        // Only the hub itself knows of names and tokens; what a storage server refuses is another matter.
        if (!IsEndpoint(address))
            return new HubException($"{address.Host} answers {status} for a file of '{repository}'.");

        var code = response.Headers.TryGetValues("X-Error-Code", out var values) ? values.FirstOrDefault() : null;
        return new HubException(
            (response.StatusCode, code) switch
            {
                (_, "RevisionNotFound") => $"'{repository}' at {_endpoint} has no such revision.",
                (_, "EntryNotFound") => $"'{repository}' at {_endpoint} lists a file that it does not have.",
                (_, "GatedRepo") or (HttpStatusCode.Forbidden, _) =>
                    $"'{repository}' is gated: ask for access at {new Uri(_endpoint, repository)}, then pass an access token (--token "
                        + $"or HF_TOKEN); {status}.",
                (HttpStatusCode.NotFound, _) or (HttpStatusCode.Unauthorized, "RepoNotFound") =>
                    $"There is no model repository '{repository}' at {_endpoint}, or it is private and needs an access token (--token "
                        + $"or HF_TOKEN); {status}.",
                (HttpStatusCode.Unauthorized, _) when _options.Token is null =>
                    $"'{repository}' needs an access token (--token or HF_TOKEN); {status}.",
                (HttpStatusCode.Unauthorized, _) => $"{_endpoint} does not accept the access token; {status}.",
                _ => $"{address.Host} answers {status} for '{repository}'.",
            }
        );
    }
}
