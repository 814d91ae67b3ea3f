using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Rge;

/// <summary>What a call says in <see cref="EmbeddingGenerationOptions.AdditionalProperties"/>, which has to be understood.</summary>
/// <param name="Role">The role of items that do not have their own.</param>
/// <param name="Instruction">The instruction of items that do not have their own.</param>
/// <param name="Reasoning">Whether items reason that do not say so themselves.</param>
internal sealed record CallProperties(ItemRole? Role, string? Instruction, ReasoningMode? Reasoning)
{
    private const string RoleName = "role",
        InstructionName = "instruction",
        ReasoningName = "reasoning";

    /// <exception cref="ArgumentException">A property has an unknown name or value.</exception>
    public static CallProperties Read(EmbeddingGenerationOptions? options)
    {
        var found = new CallProperties(null, null, null);
        foreach (var (name, value) in options?.AdditionalProperties ?? [])
            found = name.ToLowerInvariant() switch
            {
                RoleName => found with { Role = Named<ItemRole>(name, value) },
                ReasoningName => found with
                {
                    Reasoning = value is bool on
                        ? on
                            ? ReasoningMode.On
                            : ReasoningMode.Off
                        : Named<ReasoningMode>(name, value),
                },
                InstructionName => found with { Instruction = value is null ? null : Text(value) ?? throw Refused(name, value, "a text") },
                _ => throw new ArgumentException(
                    $"The embedder does not know the additional property '{name}', expected {RoleName}, {InstructionName} or "
                        + $"{ReasoningName}.",
                    nameof(options)
                ),
            };
        return found;
    }

    /// <summary>The options of a call after role and instruction have been applied to its items.</summary>
    public static EmbeddingGenerationOptions? WithoutItem(EmbeddingGenerationOptions? options)
    {
        if (
            options?.AdditionalProperties is not { } properties
            || !(properties.ContainsKey(RoleName) || properties.ContainsKey(InstructionName))
        )
            return options;
        var rest = options.Clone();
        rest.AdditionalProperties!.Remove(RoleName);
        rest.AdditionalProperties.Remove(InstructionName);
        return rest;
    }

    private static T? Named<T>(string name, object? value)
        where T : struct, Enum =>
        value switch
        {
            null => null,
            T named when Enum.IsDefined(named) => named,
            _ when Text(value) is { } text && Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase) => Enum.Parse<T>(
                text,
                ignoreCase: true
            ),
            _ => throw Refused(name, value, string.Join(" or ", Enum.GetNames<T>().Select(known => known.ToLowerInvariant()))),
        };

    /// <summary>The text of a value that may have come through JSON.</summary>
    private static string? Text(object value) =>
        value as string ?? (value is JsonElement { ValueKind: JsonValueKind.String } json ? json.GetString() : null);

    private static ArgumentException Refused(string name, object? value, string expected) =>
        new($"The additional property '{name}' is '{value}', expected {expected}.", nameof(value));
}
