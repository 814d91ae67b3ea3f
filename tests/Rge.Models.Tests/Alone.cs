namespace Rge.Models.Tests;

/// <summary>Tests that change or measure something of the whole process; none runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
