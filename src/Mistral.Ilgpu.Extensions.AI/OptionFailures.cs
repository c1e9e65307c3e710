using Microsoft.Extensions.Options;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Collects what is wrong with options, each in a line that names its key.</summary>
/// <param name="section">The section of the configuration.</param>
internal sealed class OptionFailures(string section)
{
    private readonly List<string> _failures = [];

    public ValidateOptionsResult Result =>
        _failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_failures);

    /// <summary>Collects what is wrong in a part of the section.</summary>
    /// <param name="key">The key of the part.</param>
    public void Within(string key, Action<OptionFailures> check)
    {
        var part = new OptionFailures($"{section}:{key}");
        check(part);
        _failures.AddRange(part._failures);
    }

    public void Add(string key, string what) => _failures.Add($"{section}:{key}: {what}");

    public void Require(bool holds, string key, string? found, string expected)
    {
        if (!holds)
        {
            Add(key, $"found '{found}', expected {expected}");
        }
    }

    public void RequireCount(string key, long? found) => Require(found is null or >= 1, key, $"{found}", "1 or more");
}
