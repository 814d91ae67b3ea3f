using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>What an answer cost, in OpenAI's words and one of ours.</summary>
internal sealed record TokenUsage(
    [property: Description("Tokens read, image tokens included.")] int PromptTokens,
    [property: Description("Tokens of rationales written.")] int RationaleTokens,
    int TotalTokens
)
{
    /// <summary>Of the tokens read and those written.</summary>
    public static TokenUsage Create(int read, int written) => new(read, written, read + written);
}
