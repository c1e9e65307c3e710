using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Names, bits and keys of adapters that come and go.</summary>
public sealed class AdapterTableTests
{
    [Fact]
    public void Take_Names_GivesTheirBits()
    {
        var table = new AdapterTable(["a", "b"]);
        int index = table.Reserve("c");
        Assert.Equal(["a", "b"], table.Names);
        Assert.Throws<ArgumentException>(() => table.Take(["c"]));
        table.Publish(index);
        Assert.Equal(["a", "b", "c"], table.Names);
        Assert.Equal(
            [0UL, 1, 4, 5, 3],
            new IReadOnlyList<string>?[] { [], ["a"], ["c"], ["c", "a"], null }.Select(names => table.Take(names).Mask));
        Assert.Contains(
            "adapter 'd', expected a, b, c", Assert.Throws<ArgumentException>(() => table.Take(["a", "d"])).Message);
    }

    [Fact]
    public void Withdraw_WhileTextsHaveIt_IsUnusedWhenTheyHaveEnded()
    {
        var table = new AdapterTable(["a", "b"]);
        var (both, one) = (table.Take(null), table.Take(["a"]));
        var (index, unused) = table.Withdraw("a");
        Assert.Equal((0, false), (index, unused.IsCompleted));
        Assert.Equal(0b10UL, table.Take(null).Mask);
        one.Return();
        Assert.False(unused.IsCompleted);
        both.Return();
        Assert.True(unused.IsCompleted);
        Assert.True(table.Withdraw("b").Unused.IsCompleted is false, "a text has it");
    }

    [Fact]
    public void Key_OfAnotherAdapterOfTheSameBit_IsAnother()
    {
        var table = new AdapterTable(["a", "b"]);
        var (a, b) = (table.Take(["a"]), table.Take(["b"]));
        Assert.Equal(0UL, table.Take([]).Key);
        Assert.Equal(a, table.Take(["a"]));
        table.Free(table.Withdraw("a").Index);
        table.Publish(table.Reserve("a"));
        var next = table.Take(["a"]);
        Assert.Equal(a.Mask, next.Mask);
        Assert.Equal(4, new[] { 0UL, a.Key, b.Key, next.Key }.Distinct().Count());
        Assert.Equal(b, table.Take(["b"]));
    }

    [Fact]
    public void Reserve_MoreThanAMaskHasBits_IsRefused()
    {
        var table = new AdapterTable([.. Enumerable.Range(0, AdapterTable.Most - 1).Select(i => $"{i}")]);
        Assert.Throws<ArgumentException>(() => table.Reserve("3"));
        int last = table.Reserve("last");
        Assert.Equal(63, last);
        Assert.Contains(
            "found 64 adapters, expected at most 64", Assert.Throws<ArgumentException>(() => table.Reserve("more")).Message);
        table.Publish(last);
        Assert.Equal(ulong.MaxValue >> 1, table.Take(null).Mask);
        Assert.Equal(1UL << 63, table.Take(["last"]).Mask);
        table.Free(table.Withdraw("7").Index);
        Assert.Equal(7, table.Reserve("more"));
    }
}
