using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.VectorData.ProviderServices;

namespace Rge.Search.Stores;

/// <summary>Reads a record type's attributes or definition, and refuses what the tables cannot hold.</summary>
internal sealed class SqlModelBuilder()
    : CollectionModelBuilder(new CollectionModelBuildingOptions { SupportsMultipleVectors = false, RequiresAtLeastOneVector = false })
{
    private static readonly Type[] DataTypes =
    [
        typeof(string),
        typeof(bool),
        typeof(int),
        typeof(long),
        typeof(float),
        typeof(double),
        typeof(string[]),
        typeof(List<string>),
    ];

    protected override bool SupportsKeyAutoGeneration(Type keyPropertyType) => false;

    protected override void ValidateKeyProperty(KeyPropertyModel keyProperty)
    {
        if (keyProperty.Type != typeof(string))
            throw new NotSupportedException($"The key {keyProperty.ModelName} is a {keyProperty.Type.Name}, expected a string.");
    }

    protected override bool IsDataPropertyTypeValid(Type type, [NotNullWhen(false)] out string? supportedTypes)
    {
        supportedTypes = string.Join(", ", DataTypes.Select(t => t.Name));
        return DataTypes.Contains(Nullable.GetUnderlyingType(type) ?? type);
    }

    protected override bool IsVectorPropertyTypeValid(Type type, [NotNullWhen(false)] out string? supportedTypes)
    {
        supportedTypes = "ReadOnlyMemory<float>";
        return type == typeof(ReadOnlyMemory<float>);
    }
}
