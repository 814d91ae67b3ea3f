using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>What an answer cost, in Voyage's words and one of ours.</summary>
internal sealed record VoyageUsage(
    int TextTokens,
    [property: Description("Pixels that the model was shown, after resizing.")] long ImagePixels,
    [property: Description("Tokens of rationales written.")] int RationaleTokens,
    int TotalTokens);
