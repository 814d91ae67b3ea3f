using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>Where the time of an item went. Steps are shared with the items beside it, so times of items do not add up.</summary>
internal sealed record ItemTimings(
    [property: Description("Milliseconds until its prompt was read.")] double WaitingMs,
    [property: Description("Milliseconds of reading the prompt, images included.")] double PrefillMs,
    [property: Description("Milliseconds of writing the rationale.")] double DecodingMs);
