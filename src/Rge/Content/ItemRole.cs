namespace Rge;

/// <summary>Which side of a comparison an item is on.</summary>
public enum ItemRole
{
    /// <summary>What is searched with; reasons first, unless set otherwise.</summary>
    Query,

    /// <summary>What is searched for (a candidate); does not reason, unless set otherwise.</summary>
    Target,
}
