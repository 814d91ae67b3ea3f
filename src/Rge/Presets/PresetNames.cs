using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Presets;

/// <summary>What the values of a preset are called in its file.</summary>
internal static class PresetNames
{
    public static IReadOnlyDictionary<string, PoolingKind> Poolings { get; } =
        new Dictionary<string, PoolingKind>(StringComparer.Ordinal)
        {
            ["last_token"] = PoolingKind.LastToken,
            ["prompt_token"] = PoolingKind.PromptToken,
            ["written_token"] = PoolingKind.WrittenToken,
            ["before_token"] = PoolingKind.BeforeToken,
        };

    public static IReadOnlyDictionary<string, InstructedItems> Instructed { get; } =
        new Dictionary<string, InstructedItems>(StringComparer.Ordinal)
        {
            ["all"] = InstructedItems.All,
            ["queries"] = InstructedItems.Queries,
        };

    public static IReadOnlyDictionary<string, ReasoningItems> Reasoners { get; } =
        new Dictionary<string, ReasoningItems>(StringComparer.Ordinal)
        {
            ["none"] = ReasoningItems.None,
            ["as_asked"] = ReasoningItems.AsAsked,
            ["all"] = ReasoningItems.All,
        };

    public static IReadOnlyDictionary<string, AlphaHandling> Alphas { get; } =
        new Dictionary<string, AlphaHandling>(StringComparer.Ordinal)
        {
            ["drop"] = AlphaHandling.Drop,
            ["over_white"] = AlphaHandling.OverWhite,
        };

    public static IReadOnlyDictionary<string, PositionScheme> Schemes { get; } =
        new Dictionary<string, PositionScheme>(StringComparer.Ordinal)
        {
            ["multimodal"] = PositionScheme.Multimodal,
            ["sequential"] = PositionScheme.Sequential,
        };

    public static IReadOnlyDictionary<string, LongPrompt> LongPrompts { get; } =
        new Dictionary<string, LongPrompt>(StringComparer.Ordinal)
        {
            ["refuse"] = LongPrompt.Refuse,
            ["cut_end"] = LongPrompt.CutEnd,
            ["cut_ordinary"] = LongPrompt.CutOrdinary,
        };

    public static IReadOnlyDictionary<string, SizeRule> SizeRules { get; } =
        new Dictionary<string, SizeRule>(StringComparer.Ordinal)
        {
            ["transformers"] = SizeRule.Transformers,
            ["qwen_vl_utils"] = SizeRule.QwenVlUtils,
        };

    /// <summary>The name of a value.</summary>
    public static string Of<T>(IReadOnlyDictionary<string, T> names, T value)
        where T : struct, Enum => names.First(name => EqualityComparer<T>.Default.Equals(name.Value, value)).Key;
}
