using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>A query to try.</summary>
internal sealed record ExampleQuery(string Text, [property: Description("A picture as a data URI.")] string? Image);
