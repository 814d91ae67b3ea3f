using Rge.Files;

namespace Rge.Presets;

/// <summary>Checks what several keys of a preset say together, each of which can be read alone.</summary>
internal static class PresetRules
{
    private static readonly PromptSlot[] Whole = [PromptSlot.Item],
        Parted = [PromptSlot.Images, PromptSlot.Text],
        Pair = [PromptSlot.Query, PromptSlot.Document];

    /// <summary>Refuses a contradiction.</summary>
    /// <param name="root">The file, for places.</param>
    /// <param name="preset">What was read.</param>
    /// <exception cref="Exception">What the file's errors are.</exception>
    public static void Require(JsonField root, ModelPreset preset)
    {
        if (preset.Score is not null)
            RequireOfReranker(root, preset);
        RequireSlots(preset.Prompt.Template is null ? root["prompt"] : root["user"], preset);
        RequirePooledToken(root, preset);
        if (preset.Prompt.FinalNewline && !preset.Prompt.Pattern.Has(PromptSlot.Item))
            throw root["final_newline"].Error("is for patterns with {item} only");
        if (preset.Reasoning.Items != ReasoningItems.None && !preset.Pooling.EndsRationale)
            throw root["reasoning"].Error("is for pooling \"written_token\" or \"before_token\" only");
        if (preset is { Reasoning.EndsWithTurn: true, Pooling.Kind: PoolingKind.BeforeToken })
            throw root["reasoning"]["ends_with_turn"].Error("is for pooling \"written_token\" only: the pooled token ends the rationale");
        if (preset.Score is not null && preset.Pooling.Kind != PoolingKind.LastToken)
            throw root["pooling"].Unexpected("\"last_token\", which is where a reranker's score is read");
    }

    /// <summary>Refuses what decides embeddings alone, and would have no effect on scores.</summary>
    private static void RequireOfReranker(JsonField root, ModelPreset preset)
    {
        const string Why = "a reranker, which this preset is for, since score is given";
        if (preset.Prompt.Template is not null)
            throw root["chat_template"].Error($"has no effect on {Why}: expected prompt, with the slots {{query}} and {{document}}");
        if (preset.MaxImages is not null)
            throw root["max_images"].Error($"has no effect on {Why}: expected it to be absent");
        if (!preset.Normalize)
            throw root["normalize"].Error($"has no effect on {Why}: expected it to be absent, or true");
        if (preset.Instruction.Items != InstructedItems.All)
            throw root["instruction"]["items"].Error($"has no effect on {Why}: expected it to be absent, or \"all\"");
    }

    private static void RequireSlots(JsonField key, ModelPreset preset)
    {
        var slots = preset.Prompt.Pattern.Pieces.Where(piece => piece.Slot is not null).Select(piece => piece.Slot!.Value).ToArray();
        if (slots.CountBy(slot => slot).FirstOrDefault(count => count.Value > 1) is { Value: > 1 } repeated)
            throw key.Error($"has a slot {repeated.Value} times ({repeated.Key}), expected each once at most");
        if (preset.Prompt.Template is not null && slots.Contains(PromptSlot.Instruction))
            throw key.Error("has {instruction}, which a chat template has no place for: without this slot it goes before the text");
        PromptSlot[] shown = [.. slots.Where(slot => slot != PromptSlot.Instruction).Order()];
        if (preset.Score is not null && !shown.SequenceEqual(Pair))
            throw key.Error(
                "is a reranker's, since score is given: expected the slots {query} and {document}, and no {item}, {images} or {text}"
            );
        if (preset.Score is null && !shown.SequenceEqual(Whole) && !shown.SequenceEqual(Parted))
            throw key.Error("does not show an item: expected the slot {item}, or {images} and {text}");
    }

    private static void RequirePooledToken(JsonField root, ModelPreset preset)
    {
        if (preset is not { Pooling: { Kind: PoolingKind.PromptToken, Token: { } token }, Prompt.Template: null })
            return;
        var afterItem = preset.Prompt.Pattern.Pieces.Reverse().TakeWhile(piece => piece.Slot is null or PromptSlot.Instruction);
        if (!afterItem.Any(piece => piece.Text?.Contains(token, StringComparison.Ordinal) == true))
            throw root["pooled_token"].Error("does not occur in prompt after the item");
    }
}
