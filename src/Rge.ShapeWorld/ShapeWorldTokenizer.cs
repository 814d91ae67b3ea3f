using Rge.Text;

namespace Rge.ShapeWorld;

/// <summary>
/// Creates a tokenizer for small models: each word of the vocabulary is one token, at the start of a text and after a space; any other text
/// is split into bytes and pieces.
/// </summary>
public static class ShapeWorldTokenizer
{
    // What stands around every text in the chat layout of the Qwen family.
    private static readonly string[] PromptWords = ["system", "user", "assistant", "You", "are", "helpful"];

    /// <summary>Writes the tokenizer's files.</summary>
    /// <param name="folder">The checkpoint folder; made when needed.</param>
    /// <returns>Number of ids: the rows of the model's embedding.</returns>
    public static int Write(string folder)
    {
        var merges = Merges();
        Directory.CreateDirectory(folder);
        BytePairFiles.Write(folder, merges);
        return 256 + merges.Count + BytePairFiles.SpecialTokens.Count;
    }

    /// <summary>The merges of the tokenizer, the most urgent first, as <see cref="BytePairFiles.Write"/> takes them.</summary>
    public static IReadOnlyList<(string Left, string Right)> Merges()
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var word in ShapeWorldVocabulary.Words.Concat(PromptWords))
        {
            // A word alone counts far more than after a space, so that its letters merge first and the space last: one merge for each word,
            // where " word" and "word" would otherwise be put together piece by piece on ways of their own.
            counts.Add(word, 1000);
            counts.Add(" " + word, 1);
        }
        return BytePairTrainer.Learn(counts, int.MaxValue);
    }
}
