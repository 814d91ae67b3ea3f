using Microsoft.Extensions.AI;
using Rge.Imaging;

namespace Rge.Oracle;

/// <summary>How an endpoint is asked. Immutable.</summary>
public sealed record OracleSettings
{
    /// <summary>Requests at once, at least 1.</summary>
    public int Parallel { get; init; } = 8;

    /// <summary>Times that a row is asked before it counts as failed, at least 1.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>
    /// Wait after the first failure of a row. It doubles with each further one, up to <see cref="LongestWait"/>, and has a random part.
    /// </summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between attempts. An endpoint that asks for a longer one (Retry-After) ends the run.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time within which a request is to be answered.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long requests that are under way when a run is stopped may still take: they are paid for.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Consecutive rows without any answer after which the endpoint counts as broken and the run ends, at least 1.</summary>
    public int GiveUpAfter { get; init; } = 10;

    /// <summary>Tokens that an answer may have, at least 1; what does not end by then is refused.</summary>
    public int MaxOutputTokens { get; init; } = 512;

    /// <summary>Sampling temperature; <see langword="null"/> for the endpoint's own, as some models allow no other.</summary>
    public double? Temperature { get; init; }

    /// <summary>Pixels of the longer side above which an image is sent smaller, at least 28.</summary>
    public int LongestSide { get; init; } = 1024;

    /// <summary>How images are read: whether they are turned upright, and what becomes of those whose file ends early.</summary>
    /// <remarks>The limits of their area are for a model that verifies (<see cref="VerifierSettings.Embedder"/>), and not used
    /// here.</remarks>
    public ImageOptions Images { get; init; } = ImageOptions.Default;

    internal ChatOptions ChatOptions => new() { MaxOutputTokens = MaxOutputTokens, Temperature = (float?)Temperature };
}
