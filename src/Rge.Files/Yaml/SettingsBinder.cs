using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using YamlDotNet.Serialization.NamingConventions;

namespace Rge.Files.Yaml;

/// <summary>
/// Binds a YAML text to settings: records by the names of their properties, lists, maps, texts, numbers and named values. Whatever does not
/// fit is refused with line, path, what was found and what was expected.
/// </summary>
[RequiresUnreferencedCode("The properties of settings are found by reflection.")]
public static class SettingsBinder
{
    /// <summary>Makes settings.</summary>
    /// <exception cref="YamlTextException">A value does not fit, or a setting is not known.</exception>
    public static T Bind<T>(YamlValue root)
        where T : new() => root.IsNull ? new T() : (T)Record(typeof(T), root, "");

    /// <summary>What a property is called in YAML.</summary>
    public static string Name(MemberInfo property) => UnderscoredNamingConvention.Instance.Apply(property.Name);

    private static object Value(Type type, YamlValue value, string path)
    {
        if (type == typeof(string))
            return value.Text ?? throw Unexpected(value, path, "a text");
        if (type.IsEnum)
            return Choice(type, value, path);
        if (type == typeof(int))
            return Number<int>(value, path, NumberStyles.AllowLeadingSign, "a whole number");
        if (type == typeof(long))
            return Number<long>(value, path, NumberStyles.AllowLeadingSign, "a whole number");
        // Without thousands: "0,05" is no number rather than 5.
        if (type == typeof(double))
            return Number<double>(value, path, NumberStyles.Float & ~NumberStyles.AllowTrailingWhite, "a number");
        if (type == typeof(bool))
            return Truth(value, path);
        if (type.IsArray)
            return List(type.GetElementType()!, value, path);
        return type.IsInterface ? Map(type.GetGenericArguments()[1], value, path) : Record(type, value, path);
    }

    private static object Choice(Type type, YamlValue value, string path)
    {
        var choices = Enum.GetValues(type).Cast<object>().ToArray();
        var names = string.Join(", ", choices.Select(Choices.Name));
        if (value.Text is not { } text)
            throw Unexpected(value, path, $"one of {names}");
        return Array.Find(choices, choice => Choices.Name(choice).Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new YamlTextException($"{value.Place}: {path} is {value.Describe()}, which is not known; expected one of {names}.");
    }

    /// <summary>A finite number, perhaps with underscores between its digits.</summary>
    private static T Number<T>(YamlValue value, string path, NumberStyles styles, string expected)
        where T : INumber<T> =>
        T.TryParse(value.Text?.Replace("_", "", StringComparison.Ordinal), styles, CultureInfo.InvariantCulture, out var number)
        && T.IsFinite(number)
            ? number
            : throw Unexpected(value, path, expected);

    private static bool Truth(YamlValue value, string path) =>
        value.Text?.ToLowerInvariant() switch
        {
            "true" or "yes" or "on" => true,
            "false" or "no" or "off" => false,
            _ => throw Unexpected(value, path, "true or false"),
        };

    private static Array List(Type type, YamlValue value, string path)
    {
        if (value.Items is not { } items)
            throw Unexpected(value, path, "a list");
        var list = Array.CreateInstance(type, items.Count);
        for (var i = 0; i < items.Count; i++)
            list.SetValue(Value(type, items[i], Join(path, i.ToString(CultureInfo.InvariantCulture))), i);
        return list;
    }

    private static IDictionary Map(Type type, YamlValue value, string path)
    {
        if (value.Members is not { } members)
            throw Unexpected(value, path, "a map of names and values, {} for an empty one");
        var map = (IDictionary)
            Activator.CreateInstance(typeof(OrderedDictionary<,>).MakeGenericType(typeof(string), type), StringComparer.Ordinal)!;
        foreach (var (name, member) in members)
            map.Add(name, Value(type, member, Join(path, name)));
        return map;
    }

    private static object Record(Type type, YamlValue value, string path)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite)
            .ToDictionary(Name, StringComparer.Ordinal);
        if (value.Members is not { } members)
            throw Unexpected(value, path, $"settings such as {string.Join(", ", properties.Keys.Take(3))}");
        var record = Activator.CreateInstance(type)!;
        var nullability = new NullabilityInfoContext();
        foreach (var (name, member) in members)
        {
            if (!properties.TryGetValue(name, out var property))
                throw new YamlTextException(
                    $"{member.Place}: the setting '{name}' is not known. Expected one of {string.Join(", ", properties.Keys)}."
                );
            var setting = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (member.IsNull && (setting != property.PropertyType || nullability.Create(property).WriteState == NullabilityState.Nullable))
                property.SetValue(record, null);
            else
                property.SetValue(record, Value(setting, member, Join(path, name)));
        }
        return record;
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static YamlTextException Unexpected(YamlValue value, string path, string expected) =>
        new(
            $"{value.Place}: {(path.Length == 0 ? "the text" : path)} is {value.Describe()}, expected "
                + $"{expected}{(value.IsNull ? "; without the line it has its default" : "")}."
        );
}
