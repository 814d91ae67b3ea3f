using Rge.Text;

namespace Rge.Evaluation;

/// <summary>
/// What takes the place of a rationale without saying anything: one word over and over (<see cref="QueryRationale.Filler"/>). Shows what
/// further decoding steps alone are worth to an embedding.
/// </summary>
public static class RationaleFiller
{
    // The first is a token each time in a tokenizer that knows English words, the second in one of bytes.
    private static readonly string[] Words = [" the", "."];

    /// <summary>A filler of a number of tokens.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="tokens">How many; 0 or more.</param>
    /// <exception cref="EvaluationException">No filler is one token each time.</exception>
    public static string Text(QwenTokenizer tokenizer, int tokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        foreach (var word in Words)
            if (string.Concat(Enumerable.Repeat(word, tokens)) is var text && tokenizer.Encode(text).Length == tokens)
                return text;
        throw new EvaluationException(
            $"No filler of {tokens} tokens could be made: expected a tokenizer in which a repeated '{Words[0]}' or '{Words[1]}' is one "
                + "token each time."
        );
    }

    /// <summary>The token that fillers consist of.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <exception cref="EvaluationException">No filler is one token each time.</exception>
    public static int Token(QwenTokenizer tokenizer) => tokenizer.Encode(Text(tokenizer, 1))[0];
}
