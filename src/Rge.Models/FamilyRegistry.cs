using Rge.Models.Families;
using Rge.Models.Families.Qwen25Vl;
using Rge.Models.Families.Qwen2Vl;
using Rge.Models.Families.Qwen35;
using Rge.Models.Families.Qwen3Vl;

namespace Rge.Models;

/// <summary>The families that are known.</summary>
internal static class FamilyRegistry
{
    private static readonly (ModelFamily Family, FamilyDefinition Definition)[] Families =
    [
        (ModelFamily.Qwen2Vl, new Qwen2VlFamily()),
        (ModelFamily.Qwen25Vl, new Qwen25VlFamily()),
        (ModelFamily.Qwen3Vl, new Qwen3VlFamily()),
        (ModelFamily.Qwen35, new Qwen35Family()),
    ];

    /// <summary>The <c>model_type</c> of each family, as messages list them.</summary>
    public static string ModelTypes
    {
        get
        {
            var types = Array.ConvertAll(Families, entry => entry.Definition.ModelType);
            return $"{string.Join(", ", types[..^1])} or {types[^1]}";
        }
    }

    /// <summary>What is particular to a family.</summary>
    public static FamilyDefinition Definition(ModelFamily family) => Array.Find(Families, entry => entry.Family == family).Definition;

    /// <summary>The family of a <c>model_type</c>; null where none has it.</summary>
    public static (ModelFamily Family, FamilyDefinition Definition)? Find(string? modelType)
    {
        foreach (var entry in Families)
            if (entry.Definition.ModelType == modelType)
                return entry;
        return null;
    }
}
