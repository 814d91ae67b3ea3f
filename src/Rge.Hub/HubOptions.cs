namespace Rge.Hub;

/// <summary>Where and how <see cref="HubDownloader"/> downloads. No record: the token must not be printed.</summary>
public sealed class HubOptions
{
    /// <summary>The public hub.</summary>
    public static readonly Uri DefaultEndpoint = new("https://huggingface.co");

    /// <summary>Root address of the Hugging Face-compatible server.</summary>
    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>Access token for private and gated repositories; sent to the endpoint's own host only. Null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Files downloaded at the same time, 1 or more.</summary>
    public int ParallelFiles { get; init; } = 4;

    /// <summary>Consecutive failures, without a new byte, after which a download is given up; 1 or more.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Wait after the first failure. It doubles with each further one, up to <see cref="LongestWait"/>.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between attempts. A server that asks for a longer one (Retry-After) ends the download.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time without an answer, or without a byte, after which a connection counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Options with the endpoint of HF_ENDPOINT and the token of HF_TOKEN, where these variables are set.</summary>
    /// <param name="token">Replaces HF_TOKEN when not null.</param>
    /// <exception cref="HubException">HF_ENDPOINT is not an http or https address.</exception>
    public static HubOptions FromEnvironment(string? token = null)
    {
        var endpoint = Environment.GetEnvironmentVariable("HF_ENDPOINT");
        token = (token ?? Environment.GetEnvironmentVariable("HF_TOKEN"))?.Trim();
        return new HubOptions
        {
            Endpoint = string.IsNullOrWhiteSpace(endpoint) ? DefaultEndpoint : ParseEndpoint(endpoint.Trim()),
            Token = string.IsNullOrEmpty(token) ? null : token,
        };
    }

    private static Uri ParseEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
            ? endpoint
            : throw new HubException($"HF_ENDPOINT is '{text}', expected an address such as {DefaultEndpoint}.");
}
