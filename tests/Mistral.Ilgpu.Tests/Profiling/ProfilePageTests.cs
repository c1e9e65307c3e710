using System.Drawing;
using OpenQA.Selenium;
using StbImageSharp;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>The page of <c>mistral profile --html</c> as a browser shows it.</summary>
public sealed class ProfilePageTests(ProfiledPage page) : IClassFixture<ProfiledPage>
{
    private static readonly string[] Figures = ["roofline", "timeline-prefill", "timeline-decode"];

    [Theory]
    [InlineData(1280, 900)]
    [InlineData(390, 844)]
    public void Page_InABrowser_ShowsRooflineTimelineAndTableWithoutErrors(int width, int height)
    {
        var browser = page.Open(width, height, "light");
        Assert.DoesNotContain(
            browser.Manage().Logs.GetLog(LogType.Browser), entry => entry.Level >= OpenQA.Selenium.LogLevel.Warning);
        Assert.Equal(0L, browser.ExecuteScript("return performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length"));
        Assert.True((bool)browser.ExecuteScript("return document.documentElement.scrollWidth <= window.innerWidth")!, "the page is wider than the screen");
        foreach (string id in Figures)
        {
            ExpectPicture(browser.FindElement(By.Id(id)), width);
        }

        string table = browser.FindElement(By.Id("steps")).Text;
        Assert.Contains("swiglu", table, StringComparison.Ordinal);
        Assert.Contains("wall clock", table, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1400)]
    [InlineData(1000)]
    public void Page_OnAWideScreen_HidesNothingAndNoTextCoversAnother(int width)
    {
        var browser = page.Open(width, 900, "light");
        // Beyond the screen, or beyond a box that would have to be scrolled.
        Assert.Empty((IEnumerable<object>)browser.ExecuteScript("""
            const rightOf = element => element.getBoundingClientRect().right;
            return [...document.querySelectorAll('body *')]
              .filter(element => !element.closest('defs'))
              .filter(element => rightOf(element) > Math.min(innerWidth, rightOf(element.closest('.scroll') ?? document.body) + 0.5))
              .map(element => `${element.tagName} ${element.textContent.slice(0, 40)}`);
            """)!);
        Assert.Empty((IEnumerable<object>)browser.ExecuteScript("""
            const apart = (a, b) => a.right < b.left + 1 || b.right < a.left + 1 || a.bottom < b.top + 1 || b.bottom < a.top + 1;
            return [...document.querySelectorAll('svg')].flatMap(svg => {
              const texts = [...svg.querySelectorAll('text')].map(text => ({ name: text.textContent, box: text.getBoundingClientRect() }));
              return texts.flatMap((one, i) => texts.slice(i + 1)
                .filter(other => !apart(one.box, other.box)).map(other => `${one.name} and ${other.name}`));
            });
            """)!);
    }

    [Theory]
    [InlineData("light", 0.8f, 1f)]
    [InlineData("dark", 0f, 0.25f)]
    public void Page_InEitherScheme_HasFiguresAndTableOnItsOwnGround(string scheme, float darkest, float lightest)
    {
        var browser = page.Open(1400, 900, scheme);
        foreach (string id in (string[])[.. Figures, "steps"])
        {
            // Most of a figure is ground.
            var colors = Pixels(browser.FindElement(By.Id(id)), out _);
            Assert.InRange(colors.Select(color => color.GetBrightness()).Order().ElementAt(colors.Count / 2), darkest, lightest);
            // What is drawn stands out from it.
            int drawn = colors.Count(color => scheme == "dark" ? color.GetBrightness() > 0.6 : color.GetBrightness() < 0.4);
            Assert.InRange(drawn, 500, colors.Count / 2);
        }
    }

    // In a screenshot of the figure are dark lines and coloured marks.
    private static void ExpectPicture(IWebElement figure, int width)
    {
        var colors = Pixels(figure, out int shown);
        Assert.InRange(shown, 0.75 * Math.Min(width, 960), width);
        Assert.True(
            colors.Count(color => color.GetBrightness() < 0.6 && color.GetSaturation() < 0.2) > 500,
            "no lines in the screenshot");
        Assert.True(colors.Count(color => color.GetSaturation() > 0.5) > 200, "no coloured marks in the screenshot");
    }

    private static List<Color> Pixels(IWebElement element, out int width)
    {
        var image = ImageResult.FromMemory(((ITakesScreenshot)element).GetScreenshot().AsByteArray, ColorComponents.RedGreenBlue);
        width = image.Width;
        return [.. image.Data.Chunk(3).Select(pixel => Color.FromArgb(pixel[0], pixel[1], pixel[2]))];
    }
}
