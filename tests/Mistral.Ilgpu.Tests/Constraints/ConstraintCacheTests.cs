using Mistral.Ilgpu.Constraints;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>What is kept of constraints that were used before.</summary>
public sealed class ConstraintCacheTests
{
    private readonly List<string> _made = [];

    [Fact]
    public void Refusal_OfTheSameSchema_IsKept()
    {
        var cache = new ConstraintCache(2, Make);
        var first = Assert.Throws<ConstraintSyntaxException>(() => cache.Get(Schema("""{"type": "tuple"}""")));
        var again = Assert.Throws<ConstraintSyntaxException>(() => cache.Get(Schema("""{"type": "tuple"}""")));
        Assert.Equal(first.Message, again.Message);
        Assert.Single(_made);
    }

    [Fact]
    public void Refusals_AreAsManyAsConstraints()
    {
        var cache = new ConstraintCache(2, Make);
        _ = cache.Get(Schema("true"));
        Assert.Throws<ConstraintSyntaxException>(() => cache.Get(Schema("1")));
        Assert.Throws<ConstraintSyntaxException>(() => cache.Get(Schema("2")));
        _ = cache.Get(Schema("true"));
        Assert.Equal(["true", "1", "2", "true"], _made);
    }

    private static ConstraintSource Schema(string text) => new(ConstraintKind.JsonSchema, text);

    private Constraint Make(ConstraintSource source)
    {
        _made.Add(source.Text);
        return new Constraint(source);
    }
}
