// <reading-position>: marks, in the table of contents it holds, the section that is being read.
class ReadingPosition extends HTMLElement {
  connectedCallback() {
    this.links = new Map();
    for (const link of this.querySelectorAll('.toc a[href^="#"]')) {
      const section = document.getElementById(decodeURIComponent(link.hash.slice(1)))?.closest("section");
      if (section) this.links.set(section, link);
    }
    this.crossing = new Set();
    this.atEnd = false;
    // A line near the top, just below where a link to a section brings its heading.
    this.line = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.crossing.add(target);
        else this.crossing.delete(target);
      }
      this.mark();
    }, { rootMargin: "-12% 0px -87% 0px" });
    for (const section of this.links.keys()) this.line.observe(section);
    // At the page's end, what is too short to reach that line counts as read.
    const foot = document.querySelector(".site-foot");
    this.end = new IntersectionObserver(([{ isIntersecting }]) => {
      this.atEnd = isIntersecting;
      this.mark();
    }, { threshold: 0.9 });
    if (foot) this.end.observe(foot);
  }

  disconnectedCallback() {
    this.line?.disconnect();
    this.end?.disconnect();
  }

  section() {
    const all = [...this.links.keys()];
    if (!this.atEnd) return all.findLast((section) => this.crossing.has(section));
    const asked = document.querySelector(":target")?.closest("section");
    return this.links.has(asked) ? asked : all.at(-1);
  }

  mark() {
    const current = this.links.get(this.section());
    for (const link of this.links.values()) {
      if (link === current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  }
}

customElements.define("reading-position", ReadingPosition);
