namespace Rge.Text;

/// <summary>What the tokenizer files of a checkpoint say, checked.</summary>
/// <param name="Vocabulary">Id of every token that merging can make, spelt in the byte alphabet; has all 256 single bytes.</param>
/// <param name="Merges">Pairs of tokens that merge, most urgent first; both parts and the result are in the vocabulary, no pair
/// twice.</param>
/// <param name="Pattern">The regular expression that cuts text into words.</param>
/// <param name="Normalizes">True where text is brought into Unicode normalization form C first.</param>
/// <param name="AddedTokens">Tokens that are found in text as they stand; no id twice, no content twice.</param>
internal sealed record TokenizerDefinition(
    IReadOnlyDictionary<string, int> Vocabulary,
    IReadOnlyList<Merge> Merges,
    string Pattern,
    bool Normalizes,
    IReadOnlyList<AddedToken> AddedTokens
)
{
    /// <summary>Ids are below this, so that a damaged file cannot ask for gigabytes of table.</summary>
    public const int MaxIds = 1 << 22;
}
