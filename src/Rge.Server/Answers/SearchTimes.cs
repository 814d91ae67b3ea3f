using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>Where the time of a search went.</summary>
internal sealed record SearchTimes(
    [property: Description("Milliseconds of writing the rationale.")] double ReasonMs,
    [property: Description("Milliseconds of everything else up to the embedding.")] double EmbedMs,
    [property: Description("Milliseconds of finding the nearest items.")] double SearchMs);
