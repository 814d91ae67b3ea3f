namespace Rge;

/// <summary>Which side of a comparison an item is on.</summary>
public enum ItemRole
{
    /// <summary>What is searched with; reasons first, unless told otherwise.</summary>
    Query,

    /// <summary>What is searched for (a candidate); does not reason, unless told otherwise.</summary>
    Target,
}
