using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>A hit.</summary>
internal sealed record HitAnswer([property: Description("Cosine similarity to the query, -1 to 1.")] double Score, ItemAnswer Item);
