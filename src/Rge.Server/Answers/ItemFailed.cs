using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>An item that cannot be indexed.</summary>
internal sealed record ItemFailed([property: Description("Its place in the request, from 0.")] int Index, string Problem);
